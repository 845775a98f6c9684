_base_ = 'r2plus1d_hmdb51.py'

work_dir = 'work_dirs/finetune/c3d_hmdb51'

batch_size = 12  # RSPNet's: 6 on each of two GPUs

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

train_cfg = dict(max_epochs=100)  # RSPNet's for C3D on HMDB-51
optim_wrapper = dict(optimizer=dict(lr=0.005))  # RSPNet's for C3D
auto_scale_lr = dict(base_batch_size=batch_size)

# RSPNet's for C3D on HMDB-51
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[50, 70, 90],  # RSPNet's
    gamma=0.1)  # RSPNet's
