model = dict(
    type='ASCNet',
    backbone=dict(type='R3D', depth=18, base_channels=64),  # Table 4
    acp_head=dict(
        type='ACPHead',
        in_channels=512,  # section A
        hidden_channels=4096,  # section A
        out_channels=256),  # section A
    scp_head=dict(
        type='SCPHead',
        in_channels=512,  # section A
        hidden_channels=4096,  # section A
        out_channels=256),  # section A
    gamma=0.5,  # ours: both tasks weigh the same
    memory_bank=dict(size=32768),  # section C, per speed
    data_preprocessor=dict(
        type='ClipDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # RSPNet's default (ImageNet)
        std=[58.395, 57.12, 57.375],  # RSPNet's default (ImageNet)
        augmentation=dict(
            brightness=0.4,  # RSPNet's default
            contrast=0.4,  # RSPNet's default
            saturation=0.4,  # RSPNet's default
            hue=0.4,  # RSPNet's default, in HSV as there
            gray_prob=0.2)))  # RSPNet's default
