# An experiment of tools/compare.py on a folder DATA_ROOT with `videos` (any
# videos) and `lists`; three classes of UCF-101 are evaluated on. All values
# are ours; what no line sets is the config's.

# Folder of the videos, below DATA_ROOT: all but those kept out pre-train.
videos = 'videos'
# These take no part in pre-training; the gauges are taken on them.
kept_out = [
    'lists/ucf101_subset_test.txt', 'lists/skateboard_test.txt',
    'lists/exercise_typing_test.txt'
]
seeds = [0, 1, 2]
epochs = 120  # of the first method: the others get as many encoder passes

# What pre-training and evaluation must agree on: a small encoder
_encoder = {'model.backbone.base_channels': 16, 'clip_len': 8}
_heads = {
    'model.acp_head.in_channels': 128,
    'model.scp_head.in_channels': 128
}

# For every method
pretraining = {
    **_encoder,
    'scale': (64, 64),
    'batch_size': 32,
    'optim_wrapper.optimizer.lr': 0.03,
    'default_hooks.checkpoint.interval': 10,
    'default_hooks.checkpoint.max_keep_ckpts': 1,
}
# The first is the reference; its network before training is evaluated too.
methods = [
    dict(name='ASCNet', config='configs/ascnet/r18_ucf101.py', options=_heads),
    dict(
        name='ACP alone',
        config='configs/ascnet/baselines/r18_ucf101_acp.py',
        options=_heads),
    dict(
        name='random positive',
        config='configs/ascnet/baselines/r18_ucf101_random_positive.py',
        options=_heads),
    dict(
        name='BYOL',
        config='configs/ascnet/baselines/r18_ucf101_byol.py',
        options={'model.byol_head.in_channels': 128}),
    dict(
        name='Pace',
        config='configs/ascnet/baselines/r18_ucf101_pace.py',
        options={'model.pace_head.in_channels': 128}),
    dict(
        name='RSPNet',
        config='configs/ascnet/baselines/r18_ucf101_rspnet.py',
        options={
            'model.avid_head.in_channels': 128,
            'model.rsp_head.in_channels': 128
        }),
]

_retrieval = {
    **_encoder,
    **_heads,
    'test_dataloader.dataset.data_prefix.video': 'videos',
    'test_dataloader.dataset.ann_file.gallery':
    'lists/ucf101_subset_train.txt',
    'test_dataloader.dataset.ann_file.query':
    'lists/ucf101_subset_test.txt',
}
# VCOP's 171 x 128 and 112 x 112, brought to 64 x 64
_vcop = {**_retrieval, 'scale': (85, 64), 'crop_size': 64}
evaluations = [
    dict(
        name='vcop',
        config='configs/ascnet/retrieval/r18_ucf101.py',
        options=_vcop),
    dict(
        name='coclr',
        config='configs/ascnet/retrieval/r18_ucf101_coclr.py',
        options={
            **_retrieval,
            # CoCLR's 240, 224, 128 and stride, brought to 64 x 64 and 8
            # frames
            'short_side': (-1, 68),
            'crop_size': 64,
            'scale': (64, 64),
            'stride': 7
        }),
    dict(
        name='linear',
        config='configs/ascnet/linear/r18_ucf101_features.py',
        options=_vcop),
    dict(
        name='gauges',
        config='configs/compare/gauges.py',
        options={
            **_encoder,
            **_heads, 'scale': (64, 64)
        }),
]
# What the table and the picture show, of all that is measured
measures = {
    'vcop/retrieval/top1': 'retrieval (VCOP), top-1 %',
    'vcop/retrieval/top5': 'retrieval (VCOP), top-5 %',
    'coclr/retrieval/top1': 'retrieval (CoCLR), top-1 %',
    'vcop/knn/top1_k20': 'nearest neighbours, k = 20, %',
    'linear/linear/top1': 'linear on features, top-1 %',
    'gauges/same_video/top1': 'same video, top-1 %',
    'gauges/speed_probe/accuracy': 'speed probe, accuracy %',
}
