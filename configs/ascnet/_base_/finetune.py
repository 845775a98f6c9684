# All layers are trained from a pre-trained encoder (section B).
train_cfg = dict(
    type='ResumableEpochLoop',
    max_epochs=30,  # RSPNet's default
    val_interval=5)  # ours
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = dict(type='VideoAccuracyMetric')
test_evaluator = dict(type='VideoAccuracyMetric')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD',
        lr=0.1,  # RSPNet's default on UCF-101
        momentum=0.9,  # RSPNet's default
        weight_decay=1e-4))  # RSPNet's default
sync_bn = 'torch'  # ours, as in pre-training
auto_scale_lr = dict(enable=False, base_batch_size=64)  # RSPNet's default

# RSPNet's default: per epoch, to a thousandth, over the whole run
param_scheduler = dict(type='CosineAnnealingLR', eta_min_ratio=1e-3)

custom_hooks = [
    dict(type='PretrainedEncoderHook', checkpoint=None),  # --pretrained
    dict(type='SampleSeedHook'),
    dict(type='SyncBuffersHook')
]
