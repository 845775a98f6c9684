# ASCNet, and a linear classifier of the online clip's speed (ours).
_base_ = 'r18_k400.py'

speeds = (1, 2, 3, 4)  # Pace's

model = dict(
    type='ASCNetPlus',
    terms=dict(
        speed=dict(
            type='SpeedClassification',
            in_channels=_base_.model.acp_head.in_channels,
            speeds=speeds)))

sample_frames = dict(_base_.sample_frames, speeds=speeds)
train_pipeline = [
    _base_.open_video, sample_frames, _base_.decode, _base_.sample_crops,
    _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
