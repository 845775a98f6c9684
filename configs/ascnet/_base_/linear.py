# One linear layer on the frozen encoder (section D).
_base_ = 'default_runtime.py'

train_cfg = dict(
    type='ResumableEpochLoop',
    max_epochs=100,  # section D
    val_interval=10)  # ours
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = dict(type='VideoAccuracyMetric')
test_evaluator = dict(type='VideoAccuracyMetric')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD',  # section D
        lr=0.1,  # section D
        momentum=0.9,  # MoCo's, which section D follows
        weight_decay=0))  # section D
auto_scale_lr = dict(enable=False, base_batch_size=256)  # MoCo's

# MoCo's, which section D follows
param_scheduler = dict(type='MultiStepLR', milestones=[60, 80], gamma=0.1)

# No SyncBuffersHook: an average of frozen statistics has other last bits.
default_hooks = dict(
    pretrained_encoder=dict(
        type='PretrainedEncoderHook', checkpoint=None),  # --pretrained
    sample_seed=dict(type='SampleSeedHook'))
