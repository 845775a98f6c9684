_base_ = 'r18_k400.py'

batch_size = 32  # RSPNet's for C3D, per GPU

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

# RSPNet's default, also for C3D: 0.1 per 64 clip pairs
optim_wrapper = dict(optimizer=dict(lr=0.05))
auto_scale_lr = dict(base_batch_size=batch_size)
# ours: an epoch takes hours
default_hooks = dict(checkpoint=dict(interval=1))
