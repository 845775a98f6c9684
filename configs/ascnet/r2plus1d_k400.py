_base_ = 'r18_k400.py'

batch_size = 32  # RSPNet's for R(2+1)D, per GPU

model = dict(
    backbone=dict(_delete_=True, type='R2Plus1D', depth=10))  # Table 3
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

# RSPNet's for R(2+1)D: 0.05 per 64 clip pairs
optim_wrapper = dict(optimizer=dict(lr=0.025))
auto_scale_lr = dict(base_batch_size=batch_size)
# ours: an epoch takes hours
default_hooks = dict(checkpoint=dict(interval=1))
