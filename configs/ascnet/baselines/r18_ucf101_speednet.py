# SpeedNet; encoder, augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

sides = (32, 168)  # SpeedNet's 64 to 336, halved (ours): RSPNet has 112 here

model = dict(
    _delete_=True,
    type='SpeedNet',
    backbone=_base_.model.backbone,
    speed_head=dict(
        type='SpeedHead', in_channels=_base_.model.acp_head.in_channels),
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='SkippingSampleFrames',
    clip_len=_base_.clip_len,
    factors=((1, 1.2), (1.7, 2.2)))  # SpeedNet's
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

default_hooks = dict(random_size=dict(type='RandomSizeHook', sides=sides))
env_cfg = dict(cudnn_benchmark=False)  # ours: each size would be tried out
