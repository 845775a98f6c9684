# The embedded set, small enough for two CPU cores (`make demo`)
_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_112.py', '_base_/pretrain.py',
    '_base_/default_runtime.py'
]

data_root = 'data/synthetic'
batch_size = 32  # ours: a set of a few hundred videos
clip_len = 8  # ours: a quarter of the paper's pixels and half its frames
scale = (56, 56)  # ours
speeds = (1, 2)  # the poster: 1x and 2x

# All ours: a quarter of the paper's width, a bank as large as the set
model = dict(
    backbone=dict(base_channels=16),
    acp_head=dict(in_channels=128, hidden_channels=1024, out_channels=128),
    scp_head=dict(in_channels=128, hidden_channels=1024, out_channels=128),
    memory_bank=dict(size=1024))

train_pipeline = [
    dict(type='DecordOpen'),
    dict(type='SpeedPairedSampleFrames', clip_len=clip_len, speeds=speeds),
    dict(type='DecordDecodeInOrder'),
    dict(
        type='PerClip',
        transforms=[
            dict(type='RandomResizedCrop', area_range=(0.4, 1.0)),
            dict(type='Resize', scale=scale, keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),
        ]),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        meta_keys=('filename', 'video_id', 'speeds', 'sample_seed'))
]
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

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file='train.txt',
        data_prefix=dict(video='videos'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='VideoList',
                role=role,
                data_root=data_root,
                ann_file=f'{part}.txt',
                data_prefix=dict(video='videos'),
                pipeline=val_pipeline,
                test_mode=True)
            for role, part in (('gallery', 'train'), ('query', 'test'))
        ]))
val_evaluator = [
    dict(type='VideoRetrievalMetric', topk=(1, 5, 10)),
    dict(type='SameVideoRetrievalMetric'),
    dict(type='SpeedProbeMetric')
]

train_cfg = dict(max_epochs=60, val_interval=10)
env_cfg = dict(dist_cfg=dict(backend='gloo'))
