# CoCLR's second stage, the turn of flow: model.online_from is a checkpoint of
# flow, model.positives_from one of RGB.
_base_ = 'r18_ucf101_coclr.py'

data_root = 'data/ucf101_flow'
# The videos that flow was made of, with the same short edge
paired_root = 'data/ucf101'

# Flow has no colors to change; the third clip is RGB.
model = dict(data_preprocessor=dict(plain_clips=(0, 1)))

append_paired = dict(
    _base_.append_paired, root=data_root, paired_root=paired_root)
train_pipeline = [
    _base_.open_video, _base_.sample_frames, _base_.decode, append_paired,
    _base_.sample_crops, _base_.pack
]
train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root))
