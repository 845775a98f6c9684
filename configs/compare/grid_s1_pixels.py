# What gray pixels alone say of the words of grid_s1.py: all 75 frames less
# their mean, so that motion is left. With motion=False and clip_len=1: the
# first frame.
_base_ = 'grid_s1.py'

clip_len = 75
num_clips = 1
model = dict(
    _delete_=True,
    type='EncoderOnly',
    backbone=dict(type='Pixels', motion=True),
    data_preprocessor=_base_.model.data_preprocessor)
