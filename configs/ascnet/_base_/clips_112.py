clip_len = 16  # Tables 3 and 4
scale = (112, 112)  # Tables 3 and 4
speeds = (1, 2)  # the poster: 1x and 2x

_meta_keys = ('filename', 'video_id', 'speeds', 'sample_seed', 'role', 'crops',
              'flips', 'scale', 'bt709', 'full_range', 'chroma_siting')
# Colours and crops are made on the device (model.data_preprocessor).
train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SpeedPairedSampleFrames', clip_len=clip_len, speeds=speeds),
    dict(type='DecodePlanes'),
    dict(
        type='DeviceCrop',
        scale=scale,
        area_range=(0.4, 1.0),  # RSPNet's default
        flip_ratio=0.5),  # RSPNet's default
    dict(type='PackActionInputs', meta_keys=_meta_keys)
]
# A clip per speed of each video, the whole frame, for the gauges (ours)
val_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SpeedPairedSampleFrames',
        clip_len=clip_len,
        speeds=speeds,
        test_mode=True),
    dict(type='DecodePlanes'),
    dict(type='DeviceCrop', scale=scale),
    dict(type='PackActionInputs', meta_keys=_meta_keys)
]
