# Pace prediction from one clip; encoder, augmentation and schedule are
# ASCNet's.
_base_ = '../r18_ucf101.py'

paces = (1, 2, 3, 4)  # Pace's

model = dict(
    _delete_=True,
    type='Pace',
    backbone=_base_.model.backbone,
    pace_head=dict(
        type='PaceHead',
        in_channels=_base_.model.acp_head.in_channels,
        speeds=paces),
    data_preprocessor=_base_.model.data_preprocessor)

train_pipeline = _base_.train_pipeline
train_pipeline[1].update(speeds=paces, pattern=(0, ))  # Pace's: a clip
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

custom_hooks = [
    hook for hook in _base_.custom_hooks
    if hook.type not in ('MemoryBankHook', 'MomentumUpdateHook')
]
