# S3D-G with the labels of Kinetics-400, see r18_k400.py
_base_ = [
    '../_base_/kinetics400.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_224.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/supervised/s3dg_k400'

batch_size = 8  # ours, as in fine-tuning

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    cls_head=dict(
        in_channels=1024,  # section B
        num_classes=400))
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    _base_.val_dataloader,
    batch_size=1,  # ours: ten clips of 64 frames fill a GPU
    dataset=dict(
        _base_.val_dataloader.dataset,
        every=1,  # ours: all videos
        pipeline=_base_.test_pipeline))

train_cfg = dict(max_epochs=100)  # ours
optim_wrapper = dict(optimizer=dict(lr=0.005))  # ours, as in fine-tuning
auto_scale_lr = dict(base_batch_size=batch_size)
default_hooks = dict(
    pretrained_encoder=dict(required=False),
    # ours: an epoch takes hours
    checkpoint=dict(interval=1))
