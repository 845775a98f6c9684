_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/linear/r2plus1d_ucf101'

batch_size = 64  # ours: for a GPU of 24 GB

model = dict(
    backbone=dict(
        _delete_=True,
        type='R2Plus1D',
        depth=10,  # Table 3
        frozen_stages=4,  # section D
        norm_eval=True))  # section D
train_dataloader = dict(batch_size=batch_size)
val_dataloader = dict(batch_size=batch_size)

auto_scale_lr = dict(base_batch_size=batch_size)
