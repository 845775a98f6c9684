# BYOL on two clips of a video at one speed (rho-BYOL, rho = 2); encoder,
# augmentation and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

model = dict(
    _delete_=True,
    type='BYOL',
    backbone=_base_.model.backbone,
    byol_head=_base_.model.acp_head,  # rho-BYOL's 4096 and 256
    data_preprocessor=_base_.model.data_preprocessor)

# rho-BYOL: native speed (ours: either)
sample_frames = dict(_base_.sample_frames, pattern=(0, 0))
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
