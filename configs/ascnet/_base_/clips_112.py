clip_len = 16  # Tables 3 and 4
scale = (112, 112)  # Tables 3 and 4
speeds = (1, 2)  # the poster: 1x and 2x

train_pipeline = [
    dict(type='DecordOpen'),
    dict(type='SpeedPairedSampleFrames', clip_len=clip_len, speeds=speeds),
    dict(type='DecordDecodeInOrder'),
    dict(
        type='PerClip',
        transforms=[
            # RSPNet's default: 0.4 to 1 of the area; aspect ratio 3/4 to 4/3
            dict(type='RandomResizedCrop', area_range=(0.4, 1.0)),
            dict(type='Resize', scale=scale, keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),  # RSPNet's default
        ]),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        meta_keys=('filename', 'video_id', 'speeds', 'sample_seed'))
]
# A clip per speed of each video, the whole frame, for the gauges (ours)
val_pipeline = [
    dict(type='DecordOpen'),
    dict(
        type='SpeedPairedSampleFrames',
        clip_len=clip_len,
        speeds=speeds,
        test_mode=True),
    dict(type='DecordDecodeInOrder'),
    dict(type='Resize', scale=scale, keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        meta_keys=('filename', 'video_id', 'speeds', 'role'))
]
