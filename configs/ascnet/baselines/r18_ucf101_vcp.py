# VCP; encoder, augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='VCP',
    backbone=_base_.model.backbone,
    vcp_head=dict(
        type='VCPHead',
        in_channels=_base_.model.acp_head.in_channels,
        clips=3),  # VCP's
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='ClozeClips',
    clip_len=_base_.clip_len,
    clips=3,  # VCP's
    interval=8,  # ours, VCOP's
    distance=16)  # VCP's unofficial code's
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
