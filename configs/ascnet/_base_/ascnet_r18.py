model = dict(
    type='ASCNet',
    backbone=dict(type='R3D', depth=18, base_channels=64),  # Table 4
    # MLP 4096-BN-ReLU-256 at projections and predictors: section A
    acp_head=dict(
        type='ACPHead',
        in_channels=512,  # section A
        hidden_channels=4096,
        out_channels=256),
    scp_head=dict(
        type='SCPHead',
        in_channels=512,  # section A
        hidden_channels=4096,
        out_channels=256),
    gamma=0.5,  # ours: both tasks weigh the same
    memory_bank=dict(size=32768),  # section C, per speed
    data_preprocessor=dict(
        type='ClipDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # RSPNet's default (ImageNet)
        std=[58.395, 57.12, 57.375],
        augmentation=dict(  # RSPNet's default
            brightness=0.4,
            contrast=0.4,
            saturation=0.4,
            hue=0.4,
            gray_prob=0.2)))
