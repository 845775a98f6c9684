"""Every shipped config, and what each must say."""
import os.path as osp
import re
from glob import glob

import pytest
import torch
from mmaction.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.fileio import load

from ascnet_mm.apis import read_config

from ..conftest import ROOT

CONFIGS = sorted(
    osp.relpath(path, osp.join(ROOT, 'configs', 'ascnet'))
    for path in glob(
        osp.join(ROOT, 'configs', 'ascnet', '**', '*.py'), recursive=True)
    if '_base_' not in path)


def read(name):
    return Config.fromfile(osp.join(ROOT, 'configs', 'ascnet', name))


def test_the_shipped_configs_are_these():
    encoders = ('c3d', 'r18', 'r2plus1d', 'r34', 's3dg')
    sets = ('ucf101', 'hmdb51')
    pretraining = {
        'r18_demo.py', 'r18_folder.py', 'r18_ucf101.py', 'r18_ucf101_plus.py',
        'r18_k400_plus.py'
    } | {f'{encoder}_k400.py' for encoder in encoders}
    downstream = {
        f'{protocol}/{encoder}_{data}{form}.py'
        for protocol, forms in (('finetune', ['']),
                                ('linear', ['', '_features']),
                                ('retrieval', ['', '_coclr']))
        for form in forms for encoder in encoders for data in sets
    }
    scratch = {f'finetune/r18_{data}_scratch.py' for data in sets}
    baselines = {
        f'baselines/r18_ucf101_{name}.py'
        for name in ('acp', 'scp', 'symmetric', 'equal_speeds',
                     'random_positive', 'byol', 'infonce', 'pace',
                     'pace_contrast', 'rspnet', 'clip_order', 'opn', 'vcp',
                     'buechler', 'cbt', 'infonce_flow', 'coclr',
                     'coclr_flow', 'speednet', 'memdpc')
    } | {'baselines/s3dg_k400_speednet.py', 'baselines/r34_k400_memdpc.py'}
    supervised = {
        f'supervised/{encoder}_k400.py' for encoder in ('r18', 's3dg')
    }
    assert set(CONFIGS) == (
        pretraining | downstream | scratch | baselines | supervised)


@pytest.mark.parametrize(
    'name', [name for name in CONFIGS if name.startswith('baselines/r18')])
def test_a_baseline_differs_in_its_method_alone(name):
    """Encoder, data, augmentation, schedule and evaluation are ASCNet's."""
    ours, theirs = read('r18_ucf101.py'), read(name)
    for cfg in (ours, theirs):
        dataset = cfg.train_dataloader.dataset
        dataset.pipeline[1] = None  # speeds
        cfg.model = {
            key: cfg.model[key]
            for key in ('backbone', 'data_preprocessor')
        }
        if 'infonce_flow' in name or 'coclr' in name:
            # Of the other modality, whose colors nothing changes
            dataset.pipeline = [step for step in dataset.pipeline if
                                step is None or 'Paired' not in step.type]
            cfg.data_root = dataset.data_root = None
            cfg.val_dataloader.dataset.data_root = None
            for key in ('plain_clips', 'augmentation'):
                cfg.model['data_preprocessor'].pop(key, None)
        for hook in ('momentum_update', 'training_health'):
            del cfg.default_hooks[hook]
    # Blocks, cut alike
    theirs.train_dataloader.dataset.pipeline[3].pop('per_clip', None)
    if theirs.default_hooks.pop('random_size', None):  # of the clips
        assert theirs.env_cfg.pop('cudnn_benchmark') is False
        del ours.env_cfg['cudnn_benchmark']
    variables = {'train_pipeline', 'sample_frames', 'sample_clips', 'paces',
                 'clips', 'permutation_head', 'paired_root', 'append_paired',
                 'sample_crops', 'sides', 'clip_len', 'blocks'}
    assert {k: v for k, v in ours.items() if k not in variables} == {
        k: v for k, v in theirs.items() if k not in variables}


@pytest.mark.parametrize('name', CONFIGS)
def test_components_build(name):
    cfg = read(name)
    with torch.device('meta'):  # full-size, and nothing is drawn
        MODELS.build(cfg.model)
    for hook in cfg.default_hooks.values():
        HOOKS.build(hook)
    for phase in ('train', 'val', 'test'):
        loader = cfg.get(f'{phase}_dataloader')
        if loader is None:
            continue
        parts = loader.dataset.get('datasets', [loader.dataset])
        for dataset in parts:
            assert dataset.type in DATASETS.module_dict
            for transform in dataset.pipeline:
                TRANSFORMS.build(transform)
        if phase != 'train':
            evaluators = cfg[f'{phase}_evaluator']
            for metric in (evaluators if isinstance(evaluators, list) else
                           [evaluators]):
                METRICS.build(metric)


@pytest.mark.parametrize('name', ['r18_k400.py', 'r18_folder.py'])
def test_the_papers_values_stand(name):
    """Tables 3 and 4, sections A and C, the poster."""
    cfg = read(name)
    assert cfg.clip_len == 16 and tuple(cfg.scale) == (112, 112)
    assert tuple(cfg.speeds) == (1, 2)
    assert cfg.model.backbone == dict(type='R3D', depth=18, base_channels=64)
    assert cfg.model.memory_bank.size == 32768
    for head in (cfg.model.acp_head, cfg.model.scp_head):
        assert (head.in_channels, head.hidden_channels,
                head.out_channels) == (512, 4096, 256)


@pytest.mark.parametrize('name, batch, rate', [
    ('r18_k400.py', 64, 0.1), ('r2plus1d_k400.py', 32, 0.05),
    ('s3dg_k400.py', 32, 0.05), ('c3d_k400.py', 32, 0.1)])
def test_pretraining_learns_at_rspnets_rates(name, batch, rate):
    """Its rates are for 64 pairs; a batch is what fits a GPU of 24 GB."""
    cfg = read(name)
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.optim_wrapper.optimizer.lr * 64 / batch == pytest.approx(rate)


# RSPNet's code, config/finetune: frame rate, frames, pixels, batch of two
# processes, epochs, learning rate, test clips
RSPNET = {
    'c3d_ucf101': (None, 16, 112, 2 * 20, 30, 0.005, 10),
    'c3d_hmdb51': (None, 16, 112, 2 * 6, 100, 0.005, 10),
    'r18_ucf101': (25, 16, 112, 2 * 32, 30, 0.1, 10),
    'r18_hmdb51': (None, 16, 112, 2 * 64, 30, 0.01, 3),
    'r2plus1d_ucf101': (None, 16, 112, 2 * 8, 30, 0.1, 10),
    'r2plus1d_hmdb51': (None, 16, 112, 2 * 16, 30, 0.1, 10),
    's3dg_ucf101': (25, 64, 224, 2 * 4, 50, 0.005, 10),
    's3dg_hmdb51': (None, 64, 224, 2 * 4, 50, 0.005, 10),
}


@pytest.mark.parametrize(
    'name', [name for name in CONFIGS if name.startswith('finetune')])
def test_fine_tuning_is_rspnets(name):
    cfg = read(name)
    # R3D-34, which RSPNet has not, is fine-tuned as R3D-18.
    fps, length, side, batch, epochs, lr, clips = RSPNET[
        osp.basename(name)[:-3].replace('_scratch', '').replace('r34', 'r18')]
    for phase, count in (('train', 1), ('val', 1), ('test', clips)):
        loader = cfg[f'{phase}_dataloader']
        _, sampling, *_ = loader.dataset.pipeline
        assert sampling.get('frame_rate') == fps
        assert sampling.type == ('SampleFramesAtRate'
                                 if fps else 'SampleFrames')
        assert (sampling.clip_len, sampling.num_clips) == (length, count)
        cuts = [step.get('crop_size', step.get('scale'))
                for step in loader.dataset.pipeline
                if step.type in ('CenterCrop', 'Resize')]
        assert tuple(cuts[-1]) == (side, side)
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=lr, momentum=0.9, weight_decay=1e-4)
    steps = dict(type='MultiStepLR', milestones=[50, 70, 90], gamma=0.1)
    cosine = dict(type='CosineAnnealingLR', eta_min_ratio=1e-3)
    assert cfg.param_scheduler == (
        steps if re.search('(r18|r34|c3d)_hmdb51', name) else cosine)
    assert cfg.model.cls_head.dropout_ratio == 0


SOURCES = re.compile(
    r'#.*(ours|section [A-E]|Tables? \d|poster|Algorithm|RSPNet|BYOL|MoCo|'
    r'VCOP|OPN|VCP|CoCLR|CBT|Buechler|Xie|Pace|SpeedNet|MemDPC)')
HYPER_PARAMETERS = re.compile(
    r'\b(lr|momentum|end_momentum|weight_decay|max_epochs|val_interval|'
    r'gamma|size|base_channels|in_channels|hidden_channels|out_channels|'
    r'clip_len|num_clips|scale|crop_size|area_range|flip_ratio|speeds|'
    r'batch_size|base_batch_size|val_share|indices|mean|std|brightness|'
    r'contrast|saturation|hue|gray_prob|eta_min_ratio|start_factor|depth|'
    r'frozen_stages|dropout_ratio|milestones|stride|short_side|pattern|'
    r'paces|temperature|margin|contrast_weight|frame_rate|clips|dropout|'
    r'pieces|permutations|layers|attention_heads|sides|factors|'
    r'frame_strides|stem_strides|slots|steps|blocks)'
    r'\s*=\s*[\d\[(.]')


@pytest.mark.parametrize(
    'path',
    sorted(glob(osp.join(ROOT, 'configs', 'ascnet', '**', '*.py'),
                recursive=True)),
    ids=lambda path: osp.relpath(path, ROOT))
def test_hyper_parameters_carry_their_source(path):
    """On the line, or in a comment of its own right above it."""
    with open(path) as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        if HYPER_PARAMETERS.search(line.split('#')[0]):
            above = lines[number - 1].strip()
            told = line + (above if above.startswith('#') else '')
            assert SOURCES.search(told), f'{path}:{number + 1}: {line}'


def test_metafiles_name_every_config_once():
    """MMEngine and MIM find configs by them."""
    index = load(osp.join(ROOT, 'model-index.yml'))
    named = []
    for path in index['Import']:
        metafile = load(osp.join(ROOT, path))
        papers = {part['Name']: part['Paper']
                  for part in metafile['Collections']}
        assert all(paper.keys() == {'URL', 'Title'}
                   for paper in papers.values())
        assert papers.keys() == {
            model['In Collection'] for model in metafile['Models']}
        for model in metafile['Models']:
            assert osp.dirname(model['Config']) == osp.dirname(path)
            named.append(model['Config'])
    assert sorted(named) == sorted(
        f'configs/ascnet/{name}' for name in CONFIGS)


@pytest.mark.parametrize(
    'name', [name for name in CONFIGS if name.startswith('baselines')])
def test_a_part_of_the_sampler_can_be_set(name):
    """MMEngine would merge one of another type with the base's."""
    path = osp.join(ROOT, 'configs', 'ascnet', name)
    plain = Config.fromfile(path)
    kind = plain.train_dataloader.dataset.pipeline[1].type
    [variable] = [
        key for key in ('sample_frames', 'sample_clips')
        if key in plain and plain[key].type == kind
    ]
    cfg = read_config(path, {f'{variable}.clip_len': 8})
    sampler = TRANSFORMS.build(cfg.train_dataloader.dataset.pipeline[1])
    assert sampler.clip_len == 8
