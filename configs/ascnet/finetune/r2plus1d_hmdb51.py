_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/finetune/r2plus1d_hmdb51'

batch_size = 16  # RSPNet's: 16 a GPU

model = dict(
    backbone=dict(_delete_=True, type='R2Plus1D', depth=10))  # Table 3
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

optim_wrapper = dict(optimizer=dict(lr=0.1))  # RSPNet's
auto_scale_lr = dict(base_batch_size=batch_size)
