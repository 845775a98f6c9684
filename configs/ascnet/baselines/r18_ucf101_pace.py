# Pace prediction from one clip; encoder, augmentation and schedule are
# ASCNet's.
_base_ = '../r18_ucf101.py'

paces = (1, 2, 3, 4)  # Pace's

model = dict(
    _delete_=True,
    type='Pace',
    backbone=_base_.model.backbone,
    pace_head=dict(
        type='PaceHead',
        in_channels=_base_.model.acp_head.in_channels,
        speeds=paces),
    data_preprocessor=_base_.model.data_preprocessor)

# Pace's: a clip
sample_frames = dict(_base_.sample_frames, speeds=paces, pattern=(0, ))
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
