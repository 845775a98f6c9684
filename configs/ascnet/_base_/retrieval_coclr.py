# CoCLR's retrieval protocol (docs/protocols.md): windows over the whole
# video, the middle 224 x 224 of 320 x 240 pixels made 128 x 128, the mean of
# their features, queries and gallery centered each, cosine
reader = 'pyav'  # ours: or 'decord'
clip_len = 32  # CoCLR's
stride = None  # CoCLR's: half a window less one, so 15
short_side = (-1, 240)  # CoCLR's: UCF-101 and HMDB-51 as they are
crop_size = 224  # CoCLR's
scale = (128, 128)  # CoCLR's

pipeline = [
    dict(type='OpenVideo', reader=reader),
    dict(type='SlidingSampleFrames', clip_len=clip_len, stride=stride),
    dict(
        type='DecodeSmall',
        transforms=[
            dict(type='Resize', scale=short_side),
            dict(type='CenterCrop', crop_size=crop_size),
            dict(type='Resize', scale=scale, keep_ratio=False)
        ]),
    dict(type='PackClips')
]
test_dataloader = dict(
    batch_size=1,  # CoCLR's: videos differ in their number of windows
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='VideoList', pipeline=pipeline, test_mode=True))
test_evaluator = [
    dict(type='VideoRetrievalMetric', pooling='mean', center=True, scale=True),
    dict(type='KNNMetric', center=True)
]
test_cfg = dict(type='TestLoop')
