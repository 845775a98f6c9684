_base_ = 'r2plus1d_ucf101.py'

work_dir = 'work_dirs/finetune/c3d_ucf101'

batch_size = 40  # RSPNet's: 20 on each of two GPUs

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

optim_wrapper = dict(optimizer=dict(lr=0.005))  # RSPNet's for C3D
auto_scale_lr = dict(base_batch_size=batch_size)
