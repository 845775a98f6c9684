# BYOL on two clips of a video at one speed (rho-BYOL, rho = 2); encoder,
# augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='BYOL',
    backbone=_base_.model.backbone,
    byol_head=_base_.model.acp_head,  # rho-BYOL's 4096 and 256
    data_preprocessor=_base_.model.data_preprocessor)

train_pipeline = _base_.train_pipeline
train_pipeline[1].pattern = (0, 0)  # rho-BYOL: native speed (ours: either)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

custom_hooks = [
    hook for hook in _base_.custom_hooks if hook.type != 'MemoryBankHook'
]
