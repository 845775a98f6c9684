# Both clips of a video at one speed, which is drawn.
_base_ = '../r18_ucf101.py'

sample_frames = dict(_base_.sample_frames, pattern=(0, 0))  # ours
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
