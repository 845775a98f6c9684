# InfoNCE (MoCo v2 on ASCNet's two clips, as CoCLR's first stage); encoder,
# augmentation and schedule are ASCNet's, and so is the cost of a step.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='InfoNCE',
    backbone=_base_.model.backbone,
    nce_head=dict(
        type='InfoNCEHead',
        in_channels=_base_.model.acp_head.in_channels,
        out_channels=128,  # MoCo's
        temperature=0.07),  # MoCo's and CoCLR's (MoCo v2: 0.2)
    memory_bank=dict(size=1024),  # CoCLR's queue of 2048, for two speeds
    data_preprocessor=_base_.model.data_preprocessor)

default_hooks = dict(
    momentum_update=dict(momentum=0.999, end_momentum=0.999),  # MoCo's
    training_health=dict(min_spread=0.))  # ours: the limit is for BYOL's heads
