# S3D-G's larger clips: the paper does not give its input
_base_ = 'clips_112.py'

scale = (224, 224)  # RSPNet's for S3D-G

sample_crops = dict(_base_.sample_crops, scale=scale)
whole_frame = dict(_base_.whole_frame, scale=scale)

train_pipeline = [
    _base_.open_video, _base_.sample_frames, _base_.decode, sample_crops,
    _base_.pack
]
val_pipeline = [
    _base_.open_video, _base_.sample_middle, _base_.decode, whole_frame,
    _base_.pack
]
