_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_112.py', '_base_/pretrain.py',
    '_base_/kinetics400.py'
]

batch_size = 64  # RSPNet's default, per GPU

train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
# ours: an epoch takes hours
default_hooks = dict(checkpoint=dict(interval=1))
