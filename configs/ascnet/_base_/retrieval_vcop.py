# The retrieval protocol of VCOP and RSPNet (docs/protocols.md): ten clips at
# even distances, the middle 112 x 112 of 128 x 171 pixels, the mean of their
# features, cosine
clip_len = 16  # VCOP's
num_clips = 10  # VCOP's
scale = (171, 128)  # VCOP's
crop_size = 112  # VCOP's

pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames',
        clip_len=clip_len,
        num_clips=num_clips,
        test_mode=True),
    dict(type='DecodeFrames'),
    dict(type='Resize', scale=scale, keep_ratio=False),
    dict(type='CenterCrop', crop_size=crop_size),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs', meta_keys=('filename', 'video_id', 'role'))
]
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='VideoList', pipeline=pipeline, test_mode=True))
test_evaluator = [
    dict(
        type='VideoRetrievalMetric', pooling='mean', centre=False, scale=True),
    dict(type='KNNMetric')
]
test_cfg = dict(type='TestLoop')
