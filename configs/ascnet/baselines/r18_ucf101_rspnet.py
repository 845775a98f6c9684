# RSPNet; encoder, augmentation and schedule are ASCNet's, which are RSPNet's
# defaults where the paper is silent.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='RSPNet',
    backbone=_base_.model.backbone,
    avid_head=dict(
        type='InstanceHead',
        in_channels=_base_.model.acp_head.in_channels,
        out_channels=128,  # RSPNet's
        temperature=0.07),  # RSPNet's
    rsp_head=dict(
        type='RSPHead',
        in_channels=_base_.model.acp_head.in_channels,
        out_channels=128,  # RSPNet's
        temperature=0.07,  # RSPNet's
        margin=2.),  # RSPNet's code, after the division by the temperature
    memory_bank=dict(size=8192),  # RSPNet's queue of 16384, for two speeds
    data_preprocessor=_base_.model.data_preprocessor)

sample_frames = dict(_base_.sample_frames, pattern=(0, 0, 1))  # RSPNet's
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

default_hooks = dict(
    momentum_update=dict(momentum=0.999, end_momentum=0.999),  # RSPNet's
    training_health=dict(min_spread=0.))  # ours: the limit is for BYOL's heads
