_base_ = [
    '../_base_/hmdb51.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_112.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/finetune/r18_hmdb51'

batch_size = 128  # RSPNet's: 64 on each of two GPUs
num_clips = 3  # RSPNet's on HMDB-51 with R3D

test_pipeline = [
    _base_.open_video,
    dict(_base_.sample_clips, num_clips=num_clips), _base_.decode,
    _base_.resize_short_side, _base_.crop_middle, _base_.to_tensor,
    _base_.pack
]

model = dict(
    cls_head=dict(num_classes=51, dropout_ratio=0))  # RSPNet's: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.01))  # RSPNet's on HMDB-51
auto_scale_lr = dict(base_batch_size=batch_size)

# RSPNet's on HMDB-51 with R3D: its 30 epochs end before the first of them
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[50, 70, 90],  # RSPNet's
    gamma=0.1)  # RSPNet's
