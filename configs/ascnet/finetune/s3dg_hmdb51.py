_base_ = [
    '../_base_/hmdb51.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_224.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/finetune/s3dg_hmdb51'

batch_size = 8  # RSPNet's: 4 on each of two GPUs

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    cls_head=dict(
        in_channels=1024,  # section B
        num_classes=51,
        dropout_ratio=0))  # RSPNet's: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=1,  # ours: ten clips of 64 frames fill a GPU
    dataset=dict(pipeline=_base_.test_pipeline))

train_cfg = dict(max_epochs=50)  # RSPNet's for S3D-G
optim_wrapper = dict(optimizer=dict(lr=0.005))  # RSPNet's for S3D-G
auto_scale_lr = dict(base_batch_size=batch_size)
