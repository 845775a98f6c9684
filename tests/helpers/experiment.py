"""A tiny experiment of tools/compare.py, on the rendered set."""
question = 'Which way?'
videos = 'videos'
kept_out = ['test.txt']
seeds = [0, 1]
epochs = 2

_tiny = {
    'model.backbone.base_channels': 2,
    'model.acp_head.in_channels': 16,
    'model.scp_head.in_channels': 16,
    'model.acp_head.hidden_channels': 8,
    'model.scp_head.hidden_channels': 8,
    'model.memory_bank.size': 32,
    'clip_len': 4
}
_listed = {
    **_tiny, 'num_clips': 2,
    'scale': (32, 24),
    'crop_size': 24,
    'test_dataloader.dataset.data_prefix.video': 'videos',
    'test_dataloader.dataset.ann_file.gallery': 'train.txt',
    'test_dataloader.dataset.ann_file.query': 'test.txt'
}

pretraining = {
    **_tiny, 'scale': (24, 24),
    'batch_size': 8,
    'default_hooks.checkpoint.interval': 1
}
methods = [
    dict(name='ASCNet', config='configs/ascnet/r18_folder.py'),
    dict(
        name='both ways',
        config='configs/ascnet/r18_folder.py',
        options={'model.symmetric': True}),
    dict(
        name='diverges',
        config='configs/ascnet/r18_folder.py',
        options={'optim_wrapper.optimizer.lr': 1e30}),
]
evaluations = [
    dict(
        name='vcop',
        config='configs/ascnet/retrieval/r18_ucf101.py',
        options=_listed),
    dict(
        name='gauges',
        config='configs/compare/gauges.py',
        options={
            **_tiny, 'scale': (24, 24)
        }),
]
measures = {
    'vcop/retrieval/top1': 'retrieval, top-1 %',
    'gauges/same_video/top1': 'same video, top-1 %',
    'gauges/speed_probe/accuracy': 'speed probe, accuracy %',
}
