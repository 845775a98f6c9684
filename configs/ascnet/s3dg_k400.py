_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_224.py', '_base_/pretrain.py',
    '_base_/kinetics400.py'
]

# per GPU, of which RSPNet's default is 64; docs/performance.md computes it
batch_size = 32  # ours: fits 24 GB

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    acp_head=dict(in_channels=1024),  # section A
    scp_head=dict(in_channels=1024))  # section A
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))

# RSPNet's for S3D-G: 0.05 per 64 clip pairs
optim_wrapper = dict(optimizer=dict(lr=0.025))
auto_scale_lr = dict(base_batch_size=batch_size)
# ours: an epoch takes hours
default_hooks = dict(checkpoint=dict(interval=1))
