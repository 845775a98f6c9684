_base_ = [
    '../_base_/ucf101.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_224.py', '../_base_/linear.py'
]

work_dir = 'work_dirs/linear/s3dg_ucf101'

batch_size = 32  # ours: for a GPU of 24 GB

model = dict(
    backbone=dict(
        _delete_=True,
        type='S3DG',  # Xie et al. 2018
        frozen_stages=4,  # section D
        norm_eval=True),  # section D
    cls_head=dict(
        in_channels=1024,  # section B
        num_classes=101,
        dropout_ratio=0))  # ours: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=1,  # ours: ten clips of 64 frames fill a GPU
    dataset=dict(pipeline=_base_.test_pipeline))

auto_scale_lr = dict(base_batch_size=batch_size)
