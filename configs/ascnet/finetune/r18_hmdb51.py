_base_ = [
    '../_base_/hmdb51.py', '../_base_/recognizer_r18.py',
    '../_base_/labelled_clips_112.py', '../_base_/finetune.py',
    '../_base_/default_runtime.py'
]

work_dir = 'work_dirs/finetune/r18_hmdb51'

batch_size = 64  # ours: RSPNet's is 64 on each of two GPUs

model = dict(cls_head=dict(num_classes=51))
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    dataset=dict(pipeline=_base_.test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.01))  # RSPNet's on HMDB-51
