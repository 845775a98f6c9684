# S3D-G's larger clips: the paper does not give its input
_base_ = 'labelled_clips_112.py'

clip_len = 64  # RSPNet's for S3D-G
scale = (224, 224)  # RSPNet's for S3D-G
short_side = (-1, scale[1])  # RSPNet's for S3D-G

train_pipeline = _base_.train_pipeline
train_pipeline[1].clip_len = clip_len
train_pipeline[4].scale = scale
val_pipeline = _base_.val_pipeline
test_pipeline = _base_.test_pipeline
val_pipeline[1].clip_len = test_pipeline[1].clip_len = clip_len
val_pipeline[3].scale = test_pipeline[3].scale = short_side
val_pipeline[4].crop_size = test_pipeline[4].crop_size = scale
