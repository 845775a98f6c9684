# The retrieval protocol of VCOP and RSPNet (docs/protocols.md): ten clips at
# even distances, the middle 112 x 112 of 128 x 171 pixels, the mean of their
# features, cosine
reader = 'pyav'  # ours: or 'decord'
clip_len = 16  # VCOP's
num_clips = 10  # VCOP's
scale = (171, 128)  # VCOP's
crop_size = 112  # VCOP's

open_video = dict(type='OpenVideo', reader=reader)
sample_clips = dict(
    type='SampleFrames',
    clip_len=clip_len,
    num_clips=num_clips,
    test_mode=True)
decode = dict(type='DecodeFrames')
resize = dict(type='Resize', scale=scale, keep_ratio=False)
crop_middle = dict(type='CenterCrop', crop_size=crop_size)
to_tensor = dict(type='FormatShape', input_format='NCTHW')
pack = dict(type='PackClips')

pipeline = [
    open_video, sample_clips, decode, resize, crop_middle, to_tensor, pack
]
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='VideoList', pipeline=pipeline, test_mode=True))
test_evaluator = [
    dict(
        type='VideoRetrievalMetric', pooling='mean', center=False, scale=True),
    dict(type='KNNMetric')
]
test_cfg = dict(type='TestLoop')
