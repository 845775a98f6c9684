_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_224.py', '_base_/pretrain.py',
    '_base_/kinetics400.py'
]

batch_size = 64  # RSPNet's default, per GPU

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    acp_head=dict(in_channels=1024),  # section A
    scp_head=dict(in_channels=1024))  # section A
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))

# RSPNet's for S3D-G, per 64 clip pairs
optim_wrapper = dict(optimizer=dict(lr=0.05))
# ours: an epoch takes hours
default_hooks = dict(checkpoint=dict(interval=1))
