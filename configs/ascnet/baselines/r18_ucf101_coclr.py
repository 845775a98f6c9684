# CoCLR's second stage, the turn of RGB: model.online_from is a checkpoint of
# RGB, model.positives_from one of flow. Encoder, augmentation and schedule are
# ASCNet's.
_base_ = 'r18_ucf101_infonce.py'

# By ascnet-mm flow from data_root, with the same short edge; from small copies
# with data_root=data/ucf101_small
paired_root = 'data/ucf101_flow'

model = dict(
    type='CoCLR',
    nce_head=dict(type='CoCLRHead'),
    topk=5,  # CoCLR's
    # The third clip is flow, which has no colors to change.
    data_preprocessor=dict(plain_clips=(2, )))

append_paired = dict(
    type='AppendPairedClip', root=_base_.data_root, paired_root=paired_root,
    reader=_base_.reader)
train_pipeline = [
    _base_.open_video, _base_.sample_frames, _base_.decode, append_paired,
    _base_.sample_crops, _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
