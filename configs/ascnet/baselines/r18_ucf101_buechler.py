# Permutations in space and time, a fixed set of each; encoder, augmentation
# and schedule are ASCNet's.
_base_ = '../r18_ucf101.py'

permutation_head = dict(
    type='PermutationHead',
    in_channels=_base_.model.acp_head.in_channels,
    pieces=4,  # ours: 2 x 2 tiles, 4 segments of 4 frames
    permutations=24,  # ours: all
    hidden_channels=512)  # ours
model = dict(
    _delete_=True,
    type='Buechler',
    backbone=_base_.model.backbone,
    space_head=permutation_head,
    time_head=permutation_head,
    data_preprocessor=_base_.model.data_preprocessor)

sample_clips = dict(
    type='OrderedClips', clip_len=_base_.clip_len, clips=1)  # ours
train_pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
