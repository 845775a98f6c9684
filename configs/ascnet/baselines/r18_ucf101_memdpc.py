# MemDPC; encoder, augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

clip_len = 5  # MemDPC's: a block
blocks = 8  # MemDPC's

model = dict(
    _delete_=True,
    type='MemDPC',
    backbone=_base_.model.backbone,
    memdpc_head=dict(
        type='MemDPCHead',
        in_channels=_base_.model.acp_head.in_channels,
        slots=1024,  # MemDPC's
        steps=3,  # MemDPC's
        dropout=0.1),  # MemDPC's code
    blocks=blocks,
    data_preprocessor=_base_.model.data_preprocessor)

# MemDPC's: every third frame, one block right after the other
sample_clips = dict(
    type='OrderedClips',
    clip_len=clip_len,
    clips=blocks,
    interval=2,
    frame_interval=3)
# MemDPC's: all blocks of a video are cut alike
sample_crops = dict(_base_.sample_crops, per_clip=False)
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, sample_crops, _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
