# CoCLR's first stage on optical flow (ascnet-mm flow); encoder, crops and
# schedule are ASCNet's.
_base_ = 'r18_ucf101_infonce.py'

data_root = 'data/ucf101_flow'

# Flow has no colors to change.
model = dict(data_preprocessor=dict(augmentation=None))
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
