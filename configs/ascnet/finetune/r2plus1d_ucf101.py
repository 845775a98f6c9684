_base_ = [
    '../_base_/ucf101.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_112.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/finetune/r2plus1d_ucf101'

batch_size = 16  # RSPNet's: 8 on each of two GPUs

model = dict(
    backbone=dict(_delete_=True, type='R2Plus1D', depth=10),  # Table 3
    cls_head=dict(num_classes=101, dropout_ratio=0))  # RSPNet's: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    dataset=dict(pipeline=_base_.test_pipeline))

auto_scale_lr = dict(base_batch_size=batch_size)
