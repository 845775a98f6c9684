# The rendered set of tools/data/make_synthetic.py, small enough for two CPU
# cores (`make demo`). All values are ours unless a comment says otherwise.
_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_112.py', '_base_/pretrain.py'
]

data_root = 'data/synthetic'
batch_size = 32  # ours: the set has 320 training videos
clip_len = 8  # ours: half the paper's frames
scale = (56, 56)  # ours: a quarter of the paper's pixels

model = dict(
    backbone=dict(base_channels=16),  # ours: a quarter of Table 4
    # ours: eight times base_channels, and MLPs as narrow
    acp_head=dict(in_channels=128, hidden_channels=1024, out_channels=128),
    # ours: likewise
    scp_head=dict(in_channels=128, hidden_channels=1024, out_channels=128),
    memory_bank=dict(size=1024))  # ours: about the last six epochs

train_pipeline = [
    _base_.open_video,
    dict(_base_.sample_frames, clip_len=clip_len), _base_.decode,
    dict(_base_.sample_crops, scale=scale), _base_.pack
]
val_pipeline = [
    _base_.open_video,
    dict(_base_.sample_middle, clip_len=clip_len), _base_.decode,
    dict(_base_.whole_frame, scale=scale), _base_.pack
]

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='padded_collate'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file='train.txt',
        data_prefix=dict(video='videos'),
        pipeline=train_pipeline))
# Both lists, so that the test videos can query the training videos
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file=dict(gallery='train.txt', query='test.txt'),
        data_prefix=dict(video='videos'),
        pipeline=val_pipeline,
        test_mode=True))
val_evaluator = [
    dict(type='VideoRetrievalMetric', topk=(1, 5, 10)),
    dict(type='SameVideoRetrievalMetric'),
    dict(type='SpeedProbeMetric'),
    dict(type='EffectiveRankMetric')
]

train_cfg = dict(max_epochs=120, val_interval=15)  # ours: 1200 steps
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=100, by_epoch=False),  # ours
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3)  # RSPNet's default
]
default_hooks = dict(
    # ours: 0.99, because the run is short
    momentum_update=dict(momentum=0.99),
    checkpoint=dict(interval=40, max_keep_ckpts=1))
env_cfg = dict(dist_cfg=dict(backend='gloo'))
