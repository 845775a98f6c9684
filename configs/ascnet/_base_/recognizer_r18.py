model = dict(
    type='ActionRecognizer',
    backbone=dict(type='R3D', depth=18, base_channels=64),  # Table 4
    cls_head=dict(
        type='I3DHead',
        in_channels=512,  # section B
        dropout_ratio=0.5,  # ours: MMAction2's default
        average_clips='score'),
    data_preprocessor=dict(
        type='ClipDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # RSPNet's default (ImageNet)
        std=[58.395, 57.12, 57.375]))  # RSPNet's default (ImageNet)
