_base_ = 'default_runtime.py'

train_cfg = dict(
    type='ResumableEpochLoop',
    max_epochs=200,  # RSPNet's default
    val_interval=10)  # ours
val_cfg = dict(type='ValLoop')
val_evaluator = [
    dict(type='SameVideoRetrievalMetric'),
    dict(type='SpeedProbeMetric'),
    dict(type='EffectiveRankMetric')
]

optim_wrapper = dict(
    # ours: bfloat16 where the device computes in it, else float32
    type='BFloat16OptimWrapper',
    optimizer=dict(
        type='SGD',
        fused=True,  # ours: one pass over the weights instead of several
        lr=0.1,  # RSPNet's default, per 64 clip pairs
        momentum=0.9,  # RSPNet's default
        weight_decay=1e-4))  # RSPNet's default
# ours, as in BYOL: BatchNorm over the global batch where there are several
# GPUs; on several CPUs each rank keeps to its own batch, as the log says
sync_bn = 'torch'
auto_scale_lr = dict(enable=False, base_batch_size=64)  # RSPNet's default

# RSPNet's default: per epoch, to a thousandth, over the whole run
param_scheduler = dict(type='CosineAnnealingLR', eta_min_ratio=1e-3)

default_hooks = dict(
    momentum_update=dict(
        type='MomentumUpdateHook',
        # BYOL's schedule (ours: the paper does not give the momentum)
        momentum=0.996,
        end_momentum=1.0),  # BYOL's
    memory_bank=dict(type='MemoryBankHook'),
    sample_seed=dict(type='SampleSeedHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
    # ours, limits included: docs/reliability.md says where they come from
    training_health=dict(type='TrainingHealthHook'),
    initial_validation=dict(type='InitialValidationHook'))
