# Pace prediction from two clips of a video, with its contrastive term.
_base_ = 'r18_ucf101_pace.py'

model = dict(
    same_context_head=dict(
        type='SameContextHead',
        in_channels=_base_.model.pace_head.in_channels,
        hidden_channels=4096,  # ours, as in ASCNet's heads
        out_channels=128,  # ours, as in SimCLR
        temperature=0.1),  # ours, as in SimCLR
    contrast_weight=0.1)  # ours

# ours: two different paces
sample_frames = dict(_base_.sample_frames, pattern=(0, 1))
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
