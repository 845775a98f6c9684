custom_imports = dict(
    # The second patches MMEngine, also under MMAction2's own scripts.
    imports=['ascnet_mm', 'ascnet_mm.compat.applied'],
    allow_failed_imports=False)
default_scope = 'mmaction'

default_hooks = dict(
    runtime_info=dict(type='DeferredScalarsHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # A checkpoint carries the memory bank, 134 MB when it is full.
    checkpoint=dict(
        type='AtomicCheckpointHook', interval=10, max_keep_ckpts=3),
    termination=dict(type='TerminationHook'),
    workers=dict(type='WorkersHook'),
    work_folder=dict(type='WorkFolderHook'),
    provenance=dict(type='ProvenanceHook'),
    # ours: more unreadable training videos stop the run
    skipped_videos=dict(type='SkippedVideosHook', max_share=0.1),
    sampler_seed=dict(type='DistSamplerSeedHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    # ours: each sample takes some files on its way; Linux's own limit
    resource_limit=2**20,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Without GPUs gloo takes nccl's place.
    dist_cfg=dict(backend='nccl', timeout=1800))  # ours, seconds

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ActionVisualizer', vis_backends=vis_backends)

log_level = 'INFO'
load_from = None
resume = False
