_base_ = [
    '../_base_/ucf101.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_112.py', '../_base_/linear.py'
]

work_dir = 'work_dirs/linear/r18_ucf101'

batch_size = 256  # MoCo's, which section D follows

model = dict(
    backbone=dict(frozen_stages=4, norm_eval=True),  # section D
    cls_head=dict(num_classes=101, dropout_ratio=0))  # ours: linear
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    dataset=dict(pipeline=_base_.test_pipeline))
