# The video half of CBT; encoder, augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

clips = 5  # ours

model = dict(
    _delete_=True,
    type='CBT',
    backbone=_base_.model.backbone,
    cbt_head=dict(
        type='CBTHead',
        in_channels=_base_.model.acp_head.in_channels,
        clips=clips,
        hidden_channels=256,  # ours
        layers=2,  # ours
        attention_heads=4,  # ours
        temperature=0.07),  # ours
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='OrderedClips',
    clip_len=_base_.clip_len,
    clips=clips,
    interval=8)  # ours
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
