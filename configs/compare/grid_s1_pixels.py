# What gray pixels alone say of the words of grid_s1.py: all 75 frames less
# their mean, which leaves what changes. With model.backbone.motion=False and
# clip_len=1: the frame in the middle.
_base_ = 'grid_s1.py'

clip_len = 75
num_clips = 1
sample_clips = dict(
    _base_.sample_clips, clip_len=clip_len, num_clips=num_clips)
pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.whole_frame,
    _base_.pack
]
test_dataloader = dict(dataset=dict(pipeline=pipeline))
model = dict(
    _delete_=True,
    type='EncoderOnly',
    backbone=dict(type='Pixels', motion=True),
    data_preprocessor=_base_.model.data_preprocessor)
