"""Each shipped config, made tiny, trains two iterations or is tested."""
import os.path as osp
import re
import shutil

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner

from ascnet_mm.apis import check_pretrained, read_config, set_pretrained

from ..conftest import ROOT
from .test_configs import CONFIGS

LISTS = {
    'ucf101': ['ucf101_{}_split_1_videos.txt'],
    'ucf101_flow': ['ucf101_{}_split_1_videos.txt'],
    'hmdb51': ['hmdb51_{}_split_1_videos.txt'],
    'kinetics400': ['kinetics400_{}_list_videos.txt'],
}
# Much like others: tests/slow/test_configs.py
SLOW = [name for name in CONFIGS if name != 'c3d_k400.py' and re.search(
    '(^|/)(c3d|r34)_|s3dg_k400_speednet|supervised/s3dg'
    '|k400_plus|(r2plus1d|s3dg)_(hmdb51|ucf101_(coclr|features))'
    '|r18_ucf101_(acp|scp|equal_speeds|random_positive|symmetric)', name)]


@pytest.fixture(scope='module')
def data(videos, tmp_path_factory):
    """Eight training and eight test videos, laid out as every data set is."""
    root = tmp_path_factory.mktemp('data')
    for name, lists in LISTS.items():
        (root / name).mkdir()
        folders = ['videos', 'videos_train', 'videos_val']
        for folder in folders:
            (root / name / folder).symlink_to(f'{videos}/videos')
        for path in lists:
            for part, source in (('train', 'train'), ('val', 'test')):
                with open(f'{videos}/{source}.txt') as file:
                    lines = file.read().splitlines()
                (root / name / path.format(part)).write_text(
                    '\n'.join(lines[::len(lines) // 8][:8]))
    for name in ('train', 'test'):
        shutil.copy(root / 'ucf101' / LISTS['ucf101'][0].format(
            'train' if name == 'train' else 'val'), root / f'{name}.txt')
    (root / 'videos').symlink_to(f'{videos}/videos')
    return root


def width(cfg):
    """base_channels and feature dimension of the tiny encoder."""
    return (8, 128) if cfg.model.backbone.type == 'S3DG' else (2, 16)


def tiny(name, data, work_dir):
    path = osp.join(ROOT, 'configs', 'ascnet', name)
    plain = Config.fromfile(path)
    channels, features = width(plain)
    options = {
        'clip_len': 4, 'scale': (24, 24), 'batch_size': 4,
        'num_clips': 2, 'crop_size': 24,
        'data_root': str(data / osp.basename(plain.data_root))
        if 'data/' in plain.data_root else plain.data_root}  # yapf: disable
    if name == 'r18_demo.py':
        options['data_root'] = str(data)
    if name == 'r18_folder.py':
        options['data_root'] = str(data / 'videos')
    if 'sides' in plain:
        options['sides'] = (16, 32)
    # Its own flow: what is shown is all the same here.
    options['paired_root'] = options['data_root']
    options = {k: v for k, v in options.items() if k in plain}
    options['model.backbone.base_channels'] = channels
    for head in (key for key in plain.model if key.endswith('_head')):
        options[f'model.{head}.in_channels'] = features
        if 'hidden_channels' in plain.model[head]:
            options[f'model.{head}.hidden_channels'] = 8
    for term in plain.model.get('terms', {}):
        options[f'model.terms.{term}.in_channels'] = features
    if 'memory_bank' in plain.model:
        options['model.memory_bank.size'] = 32
    cfg = read_config(path, options)
    for phase in ('train', 'val', 'test'):
        loader = cfg.get(f'{phase}_dataloader')
        if loader is not None:
            loader.update(num_workers=0, persistent_workers=False)
            if loader.dataset.type == 'VideoFolder':
                loader.dataset.indices = 8
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = name.replace('/', '_')
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.log_level = 'WARNING'
    return cfg


def random_encoder(cfg, path):
    """Save random weights of a config's encoder."""
    weights = MODELS.build(cfg.model.backbone).state_dict()
    torch.save(dict(state_dict={
        f'backbone.{key}': value for key, value in weights.items()
    }), path)  # yapf: disable
    return str(path)


def sizes(pipeline):
    """Frames and pixels that leave a pipeline."""
    flat = []
    for transform in pipeline:
        flat += transform.get('transforms', [transform])
    length = [t.clip_len for t in flat if 'clip_len' in t]
    size = [t.crop_size if 'crop_size' in t else t.scale for t in flat
            if 'crop_size' in t or t.type in ('Resize', 'SampleCrops')]
    return length[-1], size[-1]


@pytest.mark.parametrize(
    'name', [name for name in CONFIGS if not name.startswith('retrieval')
             and not name.endswith('_features.py') and name not in SLOW])
def test_it_trains_two_iterations(name, data, tmp_path):
    cfg = tiny(name, data, tmp_path)
    assert sizes(cfg.train_dataloader.dataset.pipeline) == (4, (24, 24))
    assert sizes(cfg.val_dataloader.dataset.pipeline) == (4, (24, 24))
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    downstream = name.startswith(('finetune', 'linear'))
    if downstream and 'scratch' not in name:
        set_pretrained(cfg, random_encoder(cfg, tmp_path / 'encoder.pth'))
        check_pretrained(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter >= 2
    logged = runner.message_hub.log_scalars
    assert any(key.startswith('val/') for key in logged)
    if downstream or name.startswith('supervised'):
        assert 0 <= runner.test()['acc/top1'] <= 1


@pytest.mark.parametrize(
    'name', [name for name in CONFIGS if name.startswith('retrieval')
             or name.endswith('_features.py') if name not in SLOW])
def test_it_is_evaluated(name, data, tmp_path):
    cfg = tiny(name, data, tmp_path)
    metrics = Runner.from_cfg(cfg).test()
    if name.startswith('retrieval'):
        assert metrics['retrieval/queries'] == 8
        assert metrics['retrieval/gallery'] == 8
        assert 0 <= metrics['retrieval/top1'] <= metrics['retrieval/top50']
    else:
        assert 0 <= metrics['linear/top1'] <= 100
