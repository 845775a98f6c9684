_base_ = [
    '../_base_/ucf101.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_224.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/finetune/s3dg_ucf101'

batch_size = 8  # RSPNet's: 4 on each of two GPUs

# RSPNet's on UCF-101 with S3D-G: videos as if they had 25 frames a second
frame_rate = 25  # RSPNet's
at_rate = dict(type='SampleFramesAtRate', frame_rate=frame_rate)
train_pipeline = [
    _base_.open_video,
    dict(_base_.sample_clip, **at_rate), _base_.decode, _base_.crop_randomly,
    _base_.resize, _base_.flip, _base_.to_tensor, _base_.pack
]
val_pipeline = [
    _base_.open_video,
    dict(_base_.sample_middle, **at_rate), _base_.decode,
    _base_.resize_short_side, _base_.crop_middle, _base_.to_tensor,
    _base_.pack
]
test_pipeline = [
    _base_.open_video,
    dict(_base_.sample_clips, **at_rate), _base_.decode,
    _base_.resize_short_side, _base_.crop_middle, _base_.to_tensor,
    _base_.pack
]

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    cls_head=dict(
        in_channels=1024,  # section B
        num_classes=101,
        dropout_ratio=0))  # RSPNet's: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(
    batch_size=1,  # ours: ten clips of 64 frames fill a GPU
    dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=50)  # RSPNet's for S3D-G
optim_wrapper = dict(optimizer=dict(lr=0.005))  # RSPNet's for S3D-G
auto_scale_lr = dict(base_batch_size=batch_size)
