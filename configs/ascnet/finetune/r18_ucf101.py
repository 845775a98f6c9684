_base_ = [
    '../_base_/ucf101.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_112.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/finetune/r18_ucf101'

batch_size = 64  # RSPNet's: 32 on each of two GPUs

# RSPNet's on UCF-101 with R3D: videos as if they had 25 frames a second
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
    cls_head=dict(num_classes=101, dropout_ratio=0))  # RSPNet's: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    dataset=dict(pipeline=test_pipeline))
