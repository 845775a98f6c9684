"""The experiments in configs/compare."""
import json
import os.path as osp

import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.optim import build_optim_wrapper

from ascnet_mm.apis import read_config
from ascnet_mm.experiments.source import read_experiment

from ..conftest import ROOT


@pytest.mark.parametrize('name', [
    'grid_s1_candidates', 'grid_s1_learners', 'grid_s1_methods',
    'ucf101_subset',
    'ucf101_subset_batch_width', 'ucf101_subset_budget',
    'ucf101_subset_budget_choice', 'ucf101_subset_candidates',
    'ucf101_subset_choice', 'ucf101_subset_curves', 'ucf101_subset_learners',
    'ucf101_subset_more_videos', 'ucf101_subset_plus',
    'ucf101_subset_plus_seeds', 'ucf101_subset_recipe',
    'ucf101_subset_screen', 'ucf101_subset_seeds', 'ucf101_subset_speed',
    'synthetic_speed'
])
def test_the_shipped_experiments_resolve(name):
    """Their configs, options and names; their videos are not at hand."""
    experiment = read_experiment(
        osp.join(ROOT, 'configs', 'compare', f'{name}.py'))
    resolved = []
    for part in [*experiment.methods, *experiment.evaluations]:
        options = {**part.get('options', {}), **part.get('encoder', {})}
        if part in experiment.methods:
            options = dict(experiment.pretraining.to_dict(), **options)
        cfg = read_config(osp.join(ROOT, part.config), options)
        backbone = cfg.model.backbone
        if backbone.type != 'Pixels':
            width = 32 if part.name.startswith('width 32') else 16
            assert backbone.base_channels == width
            readers = {**cfg.model, **cfg.model.get('terms', {})}.values()
            assert {
                part.in_channels for part in readers
                if isinstance(part, dict) and 'in_channels' in part
            } <= {8 * width}
        with torch.device('meta'):  # shapes alone
            MODELS.build(cfg.model)
        resolved.append((json.dumps(cfg.to_dict(), sort_keys=True),
                         part.get('trained_on'), part.get('epochs')))
    # Each option has changed something.
    assert len(set(resolved)) == len(resolved)


def test_the_shipped_recipe_is_the_one_that_was_compared():
    """In another size; its speeds are named again, but not changed."""
    experiment = read_experiment(
        osp.join(ROOT, 'configs', 'compare', 'ucf101_subset_plus.py'))
    row = experiment.methods[1]
    assert row.config == 'configs/ascnet/r18_ucf101_plus.py'
    options = {**experiment.pretraining, **row.options}
    compared = read_config(osp.join(ROOT, row.config), options)
    del options['speeds']
    shipped = read_config(osp.join(ROOT, row.config), options)
    for key in ('model', 'train_dataloader', 'optim_wrapper', 'train_cfg',
                'param_scheduler', 'default_hooks'):
        assert shipped[key] == compared[key], key


def test_a_rate_of_the_predictors_is_one():
    """The option of the screen names weights that there are."""
    experiment = read_experiment(
        osp.join(ROOT, 'configs', 'compare', 'ucf101_subset_screen.py'))
    part = next(
        part for part in experiment.methods if part.name.startswith('predict'))
    cfg = read_config(
        osp.join(ROOT, part.config),
        dict(experiment.pretraining.to_dict(), **part.options.to_dict()))
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).param_groups
    rates = {id(group['params'][0]): group['lr'] for group in groups}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            expected = 0.3 if '.predictor.' in name else 0.03
            assert rates[id(weight)] == pytest.approx(expected), name


def test_the_pixels_are_those_of_all_frames():
    """Their number of frames reaches the pipeline of the base."""
    def sampled(**options):
        path = osp.join(ROOT, 'configs', 'compare', 'grid_s1_pixels.py')
        steps = read_config(path, options).test_dataloader.dataset.pipeline
        [step] = [step for step in steps if step.type == 'SampleFrames']
        results = TRANSFORMS.build(step)(dict(total_frames=75, start_index=0))
        return results['num_clips'], results['frame_inds'].tolist()

    assert sampled() == (1, list(range(75)))
    assert sampled(clip_len=1) == (1, [37])
