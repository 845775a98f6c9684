# Metrics without labels; tools/compare.py names the videos, which are
# those kept out of pre-training.
_base_ = [
    '../ascnet/_base_/ascnet_r18.py', '../ascnet/_base_/clips_112.py',
    '../ascnet/_base_/default_runtime.py'
]

test_dataloader = dict(
    batch_size=8,  # ours: it changes no figure
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList', pipeline=_base_.val_pipeline, test_mode=True))
test_evaluator = [
    dict(type='SameVideoRetrievalMetric'),
    dict(type='SpeedProbeMetric'),
    dict(type='EffectiveRankMetric')
]
test_cfg = dict(type='TestLoop')
env_cfg = dict(cudnn_benchmark=False)  # the same figures in every run
custom_hooks = [dict(type='OutcomesHook')]
