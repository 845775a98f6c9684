reader = 'pyav'  # ours: or 'decord'
clip_len = 16  # Tables 3 and 4
scale = (112, 112)  # Tables 3 and 4
short_side = (-1, scale[1])  # RSPNet's: the largest center square
num_clips = 10  # RSPNet's default, at even distances

open_video = dict(type='OpenVideo', reader=reader)
decode = dict(type='DecodeFrames')
to_tensor = dict(type='FormatShape', input_format='NCTHW')
pack = dict(type='PackClips')
# RSPNet's default: one clip, at 1x
sample_clip = dict(type='SampleFrames', clip_len=clip_len, num_clips=1)
# The middle clip, while training
sample_middle = dict(
    type='SampleFrames',
    clip_len=clip_len,
    num_clips=1,  # RSPNet's default
    test_mode=True)
sample_clips = dict(
    type='SampleFrames',
    clip_len=clip_len,
    num_clips=num_clips,
    test_mode=True)
# RSPNet's default: a quarter to all of the area
crop_randomly = dict(type='RandomResizedCrop', area_range=(0.25, 1.0))
resize = dict(type='Resize', scale=scale, keep_ratio=False)
flip = dict(type='Flip', flip_ratio=0.5)  # RSPNet's default
resize_short_side = dict(type='Resize', scale=short_side)
# Three crops instead of the middle one:
#   --cfg-options test_dataloader.dataset.pipeline.4.type=ThreeCrop
crop_middle = dict(type='CenterCrop', crop_size=scale)

train_pipeline = [
    open_video, sample_clip, decode, crop_randomly, resize, flip, to_tensor,
    pack
]
val_pipeline = [
    open_video, sample_middle, decode, resize_short_side, crop_middle,
    to_tensor, pack
]
test_pipeline = [
    open_video, sample_clips, decode, resize_short_side, crop_middle,
    to_tensor, pack
]
