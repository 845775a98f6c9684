reader = 'pyav'  # ours: or 'decord'
clip_len = 16  # Tables 3 and 4
scale = (112, 112)  # Tables 3 and 4
area_range = (0.4, 1.0)  # RSPNet's default
speeds = (1, 2)  # the poster: 1x and 2x

# Colors and crops are made on the device (model.data_preprocessor).
open_video = dict(type='OpenVideo', reader=reader)
sample_frames = dict(
    type='SpeedPairedSampleFrames', clip_len=clip_len, speeds=speeds)
decode = dict(type='DecodePlanes')
sample_crops = dict(
    type='SampleCrops',
    scale=scale,
    area_range=area_range,
    flip_ratio=0.5)  # RSPNet's default
pack = dict(type='PackClips')
# A clip per speed of each video, the whole frame, for validation (ours)
sample_middle = dict(sample_frames, test_mode=True)
whole_frame = dict(type='SampleCrops', scale=scale)

train_pipeline = [open_video, sample_frames, decode, sample_crops, pack]
val_pipeline = [open_video, sample_middle, decode, whole_frame, pack]
