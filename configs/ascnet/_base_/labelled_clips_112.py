clip_len = 16  # Tables 3 and 4
scale = (112, 112)  # Tables 3 and 4
short_side = (-1, scale[1])  # RSPNet's: the largest centre square
num_clips = 10  # RSPNet's default, at even distances

train_pipeline = [
    dict(type='OpenVideo'),
    # RSPNet's default: one clip, at 1x
    dict(type='SampleFrames', clip_len=clip_len, num_clips=1),
    dict(type='DecodeFrames'),
    # RSPNet's default: a quarter to all of the area
    dict(type='RandomResizedCrop', area_range=(0.25, 1.0)),
    dict(type='Resize', scale=scale, keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),  # RSPNet's default
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('filename', 'sample_seed'))
]
# The middle clip, while training
val_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames',
        clip_len=clip_len,
        num_clips=1,  # RSPNet's default
        test_mode=True),
    dict(type='DecodeFrames'),
    dict(type='Resize', scale=short_side),
    dict(type='CenterCrop', crop_size=scale),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('filename', 'sample_seed'))
]
# Three crops instead of the middle one:
#   --cfg-options test_dataloader.dataset.pipeline.4.type=ThreeCrop
test_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames',
        clip_len=clip_len,
        num_clips=num_clips,
        test_mode=True),
    dict(type='DecodeFrames'),
    dict(type='Resize', scale=short_side),
    dict(type='CenterCrop', crop_size=scale),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('filename', 'sample_seed'))
]
