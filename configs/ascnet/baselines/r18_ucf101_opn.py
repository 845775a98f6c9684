# OPN, of still clips; encoder, augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='OPN',
    backbone=_base_.model.backbone,
    clip_order_head=dict(
        type='ClipOrderHead',
        in_channels=_base_.model.acp_head.in_channels,
        clips=4,  # OPN's
        hidden_channels=512,  # OPN's
        dropout=0.5,  # OPN's
        reversible=True),  # OPN's
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='ShuffledClips',
    clip_len=_base_.clip_len,
    clips=4,  # OPN's
    interval=8,  # ours
    frame_interval=0)  # ours: a frame is a still clip
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
