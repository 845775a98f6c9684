# The supervised rows of the poster: the encoder is trained with the labels of
# Kinetics-400, as it is fine-tuned elsewhere. Its checkpoint is then given as
# --pretrained, or evaluated, like that of any other method.
_base_ = [
    '../_base_/kinetics400.py', '../_base_/recognizer_r18.py',
    '../_base_/labeled_clips_112.py', '../_base_/finetune.py'
]

work_dir = 'work_dirs/supervised/r18_k400'

batch_size = 64  # ours, as in pre-training

model = dict(cls_head=dict(num_classes=400))
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    _base_.val_dataloader,
    batch_size=8,  # ours: it changes no figure
    dataset=dict(
        _base_.val_dataloader.dataset,
        every=1,  # ours: all videos
        pipeline=_base_.test_pipeline))

train_cfg = dict(max_epochs=100)  # ours
default_hooks = dict(
    pretrained_encoder=dict(required=False),
    # ours: an epoch takes hours
    checkpoint=dict(interval=1))
