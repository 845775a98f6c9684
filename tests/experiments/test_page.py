import json
import os.path as osp
import shutil

import numpy as np
import pytest
from matplotlib.figure import Figure
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.experiments.intervals import estimate, standard_error
from ascnet_mm.experiments.page import page
from ascnet_mm.experiments.pictures import _draw_curves, draw
from ascnet_mm.experiments.report import read_figures, write_report
from ascnet_mm.experiments.results import collect
from ascnet_mm.experiments.running import run_jobs
from ascnet_mm.experiments.tables import table

from ..conftest import ROOT
from . import judging
from .planning import EXPERIMENT, changed, jobs_of, planned


def test_the_table_is_that_of_the_figures(plan, tmp_path, commands):
    _, results = commands
    top1 = [12.5, 31.25]
    for seed, value in enumerate(top1):
        results[f'ASCNet, seed {seed}: vcop'] = 0, {'retrieval/top1': value}
    results['both ways, seed 1: vcop'] = 0, {'retrieval/top1': 25.}
    results['diverges, seed 1: pretrain'] = 1, {}
    jobs = jobs_of(plan, tmp_path)
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(tmp_path)))
    rows = {line.split(' | ')[0].strip('| '): line
            for line in table(found).splitlines()}
    cell = f'{np.mean(top1):.1f} ± {np.std(top1, ddof=1):.1f}'
    assert rows['ASCNet'] == (
        f'| ASCNet | 2 of 2 | {cell} | 25.0 ± 0.0 | 75.0 ± 0.0 |')
    assert '| 1 of 2 | 50.0 | 25.0 | 75.0 |' in rows['diverges']
    assert rows['chance'].endswith('| 12.5 | 6.2 | 50.0 |')
    # 16 queries; the largest error is that of 50 %.
    assert rows['standard error, up to'].endswith('| 12.5 | 10.8 | 10.8 |')
    assert standard_error(50, 16) == 12.5

    found.update(date='d', command='c', machine={}, versions={})
    assert 'transcode.py' not in page(dict(tiny=found))
    found['data']['prepared'] = dict(short_edge=96, fps=None)
    text = page(dict(tiny=found))
    assert '`tools/data/transcode.py`: short edge 96.' in text
    assert table(found) in text
    assert '\n\nWhich way?\n\n' in text
    assert '| 2 | 96 | 2, 1 | 384 | ' in text
    assert '| 1 | 48 | 4, 2 | 384 | ' in text
    assert '- diverges, seed 1, pretrain: error: no luck' in text
    assert 'Distinguishable from **ASCNet** by' in text
    assert '- retrieval, top-1 %: none\n\n**Budget' in text
    assert '- ASCNet: loss_acp 0.50 / 0.50' in text


def test_the_page_compares_an_experiment_with_its_repetition(
        plan, tmp_path, commands):
    jobs = jobs_of(plan, tmp_path)
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(tmp_path)))
    found.update(date='d', command='c', machine={}, versions={})
    again = json.loads(json.dumps(found))
    again['repeats'] = 'tiny'
    again['methods'] = again['methods'][:2]
    for method in again['methods']:
        for run in method['runs']:
            run['seed'] += 7
    for run, top1 in zip(again['methods'][1]['runs'], (50., 54.)):
        run['figures']['vcop/retrieval/top1'] = top1
        run['figures']['gauges/same_video/top1'] = 75.
    text = page(dict(tiny=found, again=again))
    assert '| seeds 0, 1 | seeds 7, 8 |' in text
    assert ('| ASCNet | retrieval, top-1 % | 50.0 ± 0.0 | 52.0 ± 2.8 | '
            '+2.0 ± 8.6 |') in text  # 4.303 * 2
    assert '| 25.0 ± 0.0 | 75.0 ± 0.0 | +50.0 ± 0.0 |' in text
    assert 'It includes 0 for 5 of 6' in text

    def write(name, contents):
        (tmp_path / f'compare_{name}.json').write_text(json.dumps(contents))

    def refused(words):
        with pytest.raises(InputError, match=words):
            read_figures(str(tmp_path))

    write('again', again)
    refused('there is no compare_tiny.json')
    write('tiny', found)
    assert read_figures(str(tmp_path)) == dict(again=again, tiny=json.loads(
        json.dumps(found)))
    write('again', dict(found, repeats='tiny'))
    refused('repeats seeds of tiny')
    write('again', dict(again, pretraining=dict(batch_size=4)))
    refused('another pretraining')
    again['methods'][1]['epochs'] = 7
    write('again', again)
    refused('no ASCNet with the same options')


def test_curves_have_intervals_at_each_budget(
        videos, tmp_path, commands, outcomes):
    """One video of the second seed could not be read."""
    methods = Config.fromfile(EXPERIMENT).methods
    methods[2] = dict(methods[0], name='longer', epochs=9)
    plan = planned(videos, changed(
        tmp_path, epochs=None, budgets=(12, 24), methods=methods,
        groups=r'\w+(?=/)'))
    _, results = commands
    jobs = jobs_of(plan, tmp_path)
    judged = plan[1].judged
    for job in jobs:
        hits = [int('24' in job.title or place % 4 == 0)
                for place in range(16)]
        hits[1] = job.seed
        if job.kind == 'vcop':
            outcomes[job.title] = dict(retrieval=dict(
                videos=judged, labels=None, figures=dict(top1=hits)))
            results[job.title] = 0, {'retrieval/top1': 100 * np.mean(hits)}
        elif job.kind == 'gauges':
            count = 16 - (job.seed == 1 and 'both' in job.title)
            outcomes[job.title] = dict(same_video=dict(
                videos=judged[:count], labels=None,
                figures=dict(top1=[.25] * count)))
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(tmp_path)))
    found.update(date='d', command='c', machine={}, versions={})
    assert found['groups']['vcop/retrieval'] == ' '.join(
        str(place // 2) for place in range(16))
    at = {method['name']: method for method in found['methods']
          if method['budget'] in (None, 12)}
    assert [run['outcomes'].keys() for run in at['both ways']['runs']] == [
        {'vcop/retrieval/top1', 'gauges/same_video/top1'},
        {'vcop/retrieval/top1'}]  # yapf: disable

    text = page(dict(tiny=found))
    short, long = text.split('**24 steps**')
    span = estimate(found, at['ASCNet'], 'vcop/retrieval/top1')
    cell = f'{span.value:.1f} [{span.low:.1f}, {span.high:.1f}]'
    assert f'| ASCNet | 2 of 2 | 25.0 | 75.0 | {cell} |' in short
    assert '**12 steps**' in short and '| longer | 2 of 2 |' in short
    assert '| longer | 2 of 2 |' in long and '| both ways | 2 of 2 |' in long
    # Of 16 videos 4 are hits, and one in one of the seeds; later all are.
    assert 'Difference from **untrained**' in long
    assert ' | **+68.8 [' in long and ' | **+68.8 [' not in short
    assert 'All methods but longer had about as many encoder passes as ' in (
        text)
    at['both ways']['passes'] *= 2  # as where an epoch is too long
    assert ('All methods but both ways, longer had about as many encoder '
            'passes as ' in page(dict(tiny=found)))
    assert 'as ASCNet in 12, 24 steps' in text
    assert 'Distinguishable from' not in text
    assert '- ASCNet, 24 steps: loss_acp 0.50 / 0.50' in text

    draw('tiny', found, str(tmp_path / 'curves.png'))
    assert (tmp_path / 'curves.png').read_bytes()[:4] == b'\x89PNG'
    axis = Figure().subplots()
    _draw_curves(axis, found['measures'][-1], found)
    lines = {bars.get_label(): bars.lines[0] for bars in axis.containers}
    assert set(lines) == {'ASCNet', 'both ways'}
    assert lines['ASCNet'].get_ydata() == pytest.approx([span.value, 96.875])
    levels = {line.get_label() for line in axis.lines}
    assert {'untrained', 'longer'} < levels
    # Where all videos are hits there is no interval, but a value.
    for run in found['methods'][3]['runs']:
        run['outcomes']['vcop/retrieval/top1'] = '1' * 16
        run['figures']['vcop/retrieval/top1'] = 100.
    axis.clear()
    _draw_curves(axis, found['measures'][-1], found)
    lines = {bars.get_label(): bars.lines[0] for bars in axis.containers}
    assert (found['methods'][3]['name'], found['methods'][3]['budget']) == (
        'ASCNet', 24)
    assert lines['ASCNet'].get_ydata() == pytest.approx([span.value, 100])
    draw('tiny', dict(found, budgets=[12], methods=[*at.values()]),
         str(tmp_path / 'dots.png'))
    assert (tmp_path / 'dots.png').stat().st_size > 1000


def test_a_report_makes_its_folder(tmp_path):
    shutil.copy(osp.join(ROOT, 'benchmarks', 'compare_grid_s1_methods.json'),
                tmp_path)
    write_report(str(tmp_path), str(tmp_path / 'new' / 'docs'))
    assert (tmp_path / 'new' / 'docs' / 'results.md').exists()


def test_where_no_chance_is_known_none_is_shown():
    found = judging.experiment([0, 1], judging.method('A', [[1, 0]]))
    assert 'chance' not in table(found)
    found['measures'][0]['chance'] = 50.
    assert '| chance |  | 50.0 |' in table(found)
