# SpeedNet as in its paper: S3D-G that keeps all frames, on Kinetics-400;
# augmentation and schedule are ASCNet's.
_base_ = '../s3dg_k400.py'

batch_size = 4  # ours: all frames of large clips take memory
sides = (64, 336)  # SpeedNet's

model = dict(
    _delete_=True,
    type='SpeedNet',
    backbone=dict(
        type='S3DG',
        stem_strides=((1, 2, 2), (1, 1, 1)),  # SpeedNet's: all frames
        frame_strides=(1, 1, 1, 1)),  # SpeedNet's: all frames
    speed_head=dict(
        type='SpeedHead', in_channels=_base_.model.acp_head.in_channels),
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='SkippingSampleFrames',
    clip_len=_base_.clip_len,
    factors=((1, 1.2), (1.7, 2.2)))  # SpeedNet's
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=batch_size)

# ours: S3D-G's rate for the smaller batch
optim_wrapper = dict(optimizer=dict(lr=0.025 / 8))
auto_scale_lr = dict(base_batch_size=batch_size)
default_hooks = dict(random_size=dict(type='RandomSizeHook', sides=sides))
env_cfg = dict(cudnn_benchmark=False)  # ours: each size would be tried out
