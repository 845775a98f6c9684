_base_ = ['../_base_/ascnet_r18.py', '../_base_/default_runtime.py']

data_root = 'data/ucf101'
clip_len = 16  # Table 4
num_clips = 10  # RSPNet's default

# Ten clips at even distances, their middle 112 x 112 of 128 x 171 pixels,
# and the mean of their features
pipeline = [
    dict(type='DecordOpen'),
    dict(
        type='SampleFrames',
        clip_len=clip_len,
        num_clips=num_clips,
        test_mode=True),
    dict(type='DecordDecodeInOrder'),
    # RSPNet's protocol, after VCOP
    dict(type='Resize', scale=(171, 128), keep_ratio=False),
    dict(type='CenterCrop', crop_size=112),  # Table 4
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs', meta_keys=('filename', 'video_id', 'role'))
]
test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='VideoList',
                role=role,
                data_root=data_root,
                ann_file=f'ucf101_{part}_split_1_videos.txt',
                data_prefix=dict(video='videos'),
                pipeline=pipeline,
                test_mode=True)
            for role, part in (('gallery', 'train'), ('query', 'val'))
        ]))
test_evaluator = dict(type='VideoRetrievalMetric', topk=(1, 5, 10, 20, 50))
test_cfg = dict(type='TestLoop')
