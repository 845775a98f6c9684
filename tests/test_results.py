"""docs/results.md is what the JSON files give, and nothing else."""
import os.path as osp
from glob import glob

import numpy as np
import pytest
from compare import read_figures
from comparing.report import page, told_apart, values

from .conftest import ROOT

BENCHMARKS = osp.join(ROOT, 'benchmarks')
DOCUMENT = osp.join(ROOT, 'docs', 'results.md')


@pytest.mark.skipif(
    not glob(osp.join(BENCHMARKS, 'compare_*.json')),
    reason='no experiment has been done')
def test_the_page_is_that_of_the_figures():
    with open(DOCUMENT) as file:
        assert file.read() == page(read_figures(BENCHMARKS))


def test_there_is_no_page_without_figures():
    assert bool(glob(osp.join(BENCHMARKS, 'compare_*.json'))) == osp.isfile(
        DOCUMENT)


LABELS = ' + '.join(
    f'vcop/{name}' for name in
    ('retrieval/top1', 'centred_retrieval/top1', 'knn/top1_k20',
     'centred_knn/top1_k20', 'linear/top1', 'standardised_linear/top1'))
PROBE = 'gauges/speed_probe/accuracy'
ROWS = {
    'random weights': ('ucf101_subset', 'untrained'),
    '**ASCNet**': ('ucf101_subset', 'ASCNet'),
    'ASCNet, other seeds': ('ucf101_subset_seeds', 'ASCNet'),
    **{
        name: ('ucf101_subset', name)
        for name in ('ACP alone', 'random positive', 'BYOL', 'Pace', 'RSPNet')
    }
}


def runs(experiment, name):
    return next(method for method in read_figures(BENCHMARKS)[experiment][
        'methods'] if method['name'] == name)


def cell(experiment, name, key):
    found = values(runs(experiment, name), key)
    return f'{np.mean(found):.1f} ± {np.std(found, ddof=1):.1f}'


def test_the_readmes_rows_are_those_of_the_figures():
    with open(osp.join(ROOT, 'README.md')) as file:
        part = file.read().split('<!-- results -->')[1].split('<!-- end')[0]
    assert part.strip().splitlines()[2:] == [
        f'| {title} | ' + ' | '.join(
            cell(*place, key)
            for key in ('vcop/retrieval/top1', LABELS, PROBE)) + ' |'
        for title, place in ROWS.items()
    ]


def test_what_is_said_of_the_recipe_is_that_of_the_figures():
    with open(osp.join(ROOT, 'docs', 'method.md')) as file:
        text = ' '.join(file.read().split('## What of the')[1].split('## ')[0]
                        .split())
    recipe = 'ucf101_subset_recipe'
    for name, words in {
            'ASCNet': 'ASCNet {},', 'untrained': 'untrained network {}.',
            'equal speeds': 'Both clips at one speed: {}.',
            'symmetric': 'half the epochs: {}.',
            'crops from 0.1': 'instead of two fifths: {}.',
            'momentum 0.996': "the experiment's 0.99: {}."
    }.items():  # yapf: disable
        assert words.format(cell(recipe, name, LABELS)) in text, name
    apart = told_apart(read_figures(BENCHMARKS)[recipe], LABELS, 1)
    assert apart == ([], ['untrained'])
    found = {
        method['name']: values(method, LABELS)[0]
        for method in read_figures(BENCHMARKS)['ucf101_subset_screen']
        ['methods']
    }
    assert f'in which ASCNet has {found["ASCNet"]:.1f}:' in text
    others = [
        found[name]
        for name in ('momentum 0.97', 'rate 0.1', 'bank of 480',
                     'brightness and contrast 0.8', 'gamma 0.2', 'SCP alone',
                     'speeds 1, 2, 4', 'predictor at rate 0.3')
    ]
    assert f'have {min(others):.1f} to {max(others):.1f}.' in text


def test_the_answer_about_speed_is_that_of_the_figures():
    with open(osp.join(ROOT, 'docs', 'method.md')) as file:
        text = ' '.join(file.read().split('## Does SCP')[1].split('## ')[0]
                        .split())
    table, other, conditions = (
        'ucf101_subset', 'ucf101_subset_seeds', 'ucf101_subset_speed')
    motion, appearance = (f'heads/{kind}_speed_probe/accuracy'
                          for kind in ('motion', 'appearance'))
    assert (f'ASCNet has {cell(table, "ASCNet", PROBE)} and, with three other '
            f'seeds, {cell(other, "ASCNet", PROBE)}; ACP alone '
            f'{cell(table, "ACP alone", PROBE)}, the untrained network '
            f'{cell(table, "untrained", PROBE)}.') in text
    pace = runs(table, 'Pace')
    found = values(pace, PROBE)
    stuck = [run['training']['loss_pace'] > 1.37 for run in pace['runs']]
    assert stuck == [False, False, True]
    assert (f'reaches {found[0]:.1f} and {found[1]:.1f} with the two seeds'
            ) in text
    assert f'and {found[2]:.1f} with the one' in text
    assert (f'(ASCNet {cell(conditions, "ASCNet", motion)} and '
            f'{cell(conditions, "ASCNet", appearance)})') in text
    for run in runs(conditions, 'Pace')['runs']:
        assert run['training']['loss_pace'] == pytest.approx(
            np.log(2), abs=0.01)
    alone = 'SCP alone, random positive'
    assert f'the probe has {cell(conditions, alone, PROBE)}' in text
    for run in runs(conditions, alone)['runs']:
        assert run['training']['loss_scp'] == pytest.approx(0.9, abs=0.05)
        assert run['training']['effective_rank'] < 2
    # No condition lifts the probe, of whatever it is.
    for method in read_figures(BENCHMARKS)[conditions]['methods']:
        for measure in read_figures(BENCHMARKS)[conditions]['measures']:
            found = values(method, measure['key'])
            if 'speed_probe' in measure['key'] and found:
                assert np.mean(found) < 56, (method['name'], measure['key'])


def test_the_answer_about_rendered_videos_is_that_of_the_figures():
    with open(osp.join(ROOT, 'docs', 'method.md')) as file:
        text = ' '.join(file.read().split('## Does SCP')[1].split('## ')[0]
                        .split())
    rendered = 'synthetic_speed'
    told = values(runs(rendered, 'Pace'), PROBE)
    assert ('brings the probe to {:.1f}, {:.1f} and {:.1f}.'.format(*told)
            ) in text
    for name, words in {
            'ASCNet': 'ASCNet has {},', 'ACP alone': 'ACP alone {},',
            'SCP alone': 'SCP alone {},',
            'SCP alone, random positive':
            'SCP alone with random positives {},',
            'untrained': 'the untrained network {};'
    }.items():  # yapf: disable
        assert words.format(cell(rendered, name, PROBE)) in text, name
    motion = 'heads/motion_speed_probe/accuracy'
    assert (f'(ASCNet {cell(rendered, "ASCNet", motion)}, SCP alone '
            f'{cell(rendered, "SCP alone", motion)})') in text
