# S3D-G's larger clips: the paper does not give its input
_base_ = 'clips_112.py'

scale = (224, 224)  # RSPNet's for S3D-G

train_pipeline = _base_.train_pipeline
train_pipeline[3].scale = scale
val_pipeline = _base_.val_pipeline
val_pipeline[3].scale = scale
