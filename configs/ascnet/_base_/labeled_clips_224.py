# S3D-G's larger clips: the paper does not give its input
_base_ = 'labeled_clips_112.py'

clip_len = 64  # RSPNet's for S3D-G
scale = (224, 224)  # RSPNet's for S3D-G
short_side = (-1, scale[1])  # RSPNet's for S3D-G

sample_clip = dict(_base_.sample_clip, clip_len=clip_len)
sample_middle = dict(_base_.sample_middle, clip_len=clip_len)
sample_clips = dict(_base_.sample_clips, clip_len=clip_len)
resize = dict(_base_.resize, scale=scale)
resize_short_side = dict(_base_.resize_short_side, scale=short_side)
crop_middle = dict(_base_.crop_middle, crop_size=scale)

train_pipeline = [
    _base_.open_video, sample_clip, _base_.decode, _base_.crop_randomly,
    resize, _base_.flip, _base_.to_tensor, _base_.pack
]
val_pipeline = [
    _base_.open_video, sample_middle, _base_.decode, resize_short_side,
    crop_middle, _base_.to_tensor, _base_.pack
]
test_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, resize_short_side,
    crop_middle, _base_.to_tensor, _base_.pack
]
