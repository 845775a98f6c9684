"""tools/compare.py without its scripts: plans, records, tables."""
import itertools
import json
import os
import os.path as osp
import shutil
import signal
import threading
import time

import numpy as np
import pytest
from compare import read_figures
from comparing import jobs as jobs_module
from comparing.jobs import (
    Scripts,
    Stopped,
    count_unreadable,
    list_file,
    make_jobs,
    run_jobs,
)
from comparing.plan import (
    find_videos,
    plan_evaluations,
    plan_methods,
    read_experiment,
)
from comparing.report import (
    collect,
    difference,
    interval,
    page,
    standard_error,
    table,
    told_apart,
    values,
)
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from scipy import stats

from ascnet_mm import InputError
from ascnet_mm.apis import read_config

from ..conftest import ROOT, run_tool

EXPERIMENT = osp.join(osp.dirname(__file__), 'experiment.py')
FIGURES = dict(
    pretrain={'loss': 1., 'loss_acp': .5, 'epoch': 2.},
    vcop={'retrieval/top1': 50.},
    gauges={
        'same_video/top1': 25., 'same_video/chance': 6.25,
        'speed_probe/accuracy': 75., 'speed_probe/chance': 50.
    })  # yapf: disable


def changed(tmp_path, **parts):
    """The experiment file with other parts."""
    cfg = Config.fromfile(EXPERIMENT)
    for key, value in parts.items():
        cfg[key] = value
    cfg.dump(str(tmp_path / 'experiment.py'))
    return str(tmp_path / 'experiment.py')


def planned(root, path=EXPERIMENT):
    """Experiment, videos, methods, evaluations."""
    experiment = read_experiment(path)
    videos = find_videos(experiment, root)
    return (experiment, videos, plan_methods(experiment, videos),
            plan_evaluations(experiment, videos, root))


def jobs_of(plan, work_dir, workers=0):
    experiment, videos, methods, evaluations = plan
    return make_jobs(methods, evaluations, experiment.seeds, videos,
                     str(work_dir), workers)


@pytest.fixture(scope='module')
def plan(videos):
    return planned(videos)


def test_budgets_are_equal_in_encoder_passes(plan):
    """48 videos, batches of 8: 2 epochs of 4 passes, or 1 epoch of 8."""
    untrained, reference, both, _ = plan[2]
    assert untrained.epochs == untrained.samples == 0
    assert reference.epochs == 2 and reference.samples == 96
    assert reference.passes == dict(forward=2, backward=1)
    assert both.epochs == 1 and both.samples == 48
    assert both.passes == dict(forward=4, backward=2)
    assert both.cfg.train_cfg.max_epochs == 1


def test_the_test_videos_do_not_pre_train(videos, plan, tmp_path):
    _, found, _, evaluations = plan
    for name, paths in (('train', found.pretrain), ('test', found.kept_out)):
        with open(f'{videos}/{name}.txt') as file:
            assert set(paths) == {line.split()[0] for line in file}
    assert [part.queries for part in evaluations] == [16, 16]
    # 6 of 48 gallery videos are of the query's class.
    assert evaluations[0].chance == {
        'vcop/retrieval/top1': pytest.approx(12.5)
    }
    measures = {'vcop/centred_retrieval/top1': '', 'vcop/knn/top1_k20': ''}
    path = changed(tmp_path, measures=measures)
    assert planned(videos, path)[3][0].chance == {
        'vcop/centred_retrieval/top1': pytest.approx(12.5)
    }
    training = next(
        job for job in jobs_of(plan, tmp_path) if job.kind == 'pretrain')
    dataset = training.cfg.train_dataloader.dataset
    assert dataset.ann_file == list_file(str(tmp_path), found.pretrain)


def test_exchanged_lists_are_refused(videos, tmp_path):
    """Training videos as queries: the gallery pre-trained on them."""
    parts = Config.fromfile(EXPERIMENT).evaluations
    names = 'test_dataloader.dataset.ann_file.{}'.format
    options = parts[0].options
    options[names('gallery')], options[names('query')] = (
        options[names('query')], options[names('gallery')])
    with pytest.raises(InputError, match='gallery and query are exchanged'):
        planned(videos, changed(tmp_path, evaluations=parts))


@pytest.mark.parametrize('parts, words', [
    (dict(seeds=[]), 'does not say seeds'),
    (dict(seeds=[1, 1]), 'twice'),
    (dict(methods=[dict(name='A b'), dict(name='a-B')]), 'names of the me'),
    (dict(methods=[dict(name='Untrained')]), 'untrained'),
    (dict(measures={'other/top1': 'x'}), 'none of the evaluations'),
    (dict(measures={'vcop/a + other/b': 'x'}), 'other/b is of none'),
    (dict(evaluations=[dict(name='vcop', methods=['ASC'])]), 'is of ASC'),
])
def test_a_bad_experiment_is_refused(tmp_path, parts, words):
    with pytest.raises(InputError, match=words):
        read_experiment(changed(tmp_path, **parts))


def test_copies_say_how_they_were_made(videos, plan, tmp_path):
    assert plan[1].prepared == {}
    copies = shutil.copytree(videos, tmp_path / 'copies')
    (copies / 'transcode.json').write_text('{"short_edge": 96}')
    assert planned(str(copies))[1].prepared == dict(short_edge=96)


def test_a_listed_video_must_be_there(videos, tmp_path):
    shutil.copytree(videos, tmp_path / 'set')
    with open(tmp_path / 'set' / 'test.txt', 'a') as file:
        file.write('nowhere.mp4 0\n')
    with pytest.raises(InputError, match='nowhere.mp4'):
        find_videos(read_experiment(EXPERIMENT), str(tmp_path / 'set'))


def test_a_run_is_known_by_all_that_it_depends_on(videos, plan, tmp_path):
    def paths(plan, workers=0):
        return [
            osp.relpath(job.path, tmp_path)
            for job in jobs_of(plan, tmp_path, workers)
        ]

    plain = paths(plan)
    assert len(set(plain)) == len(plain) == 2 * 4 * 3
    moved = shutil.copytree(videos, tmp_path / 'moved')
    assert paths(planned(str(moved)), workers=3) == plain

    options = plan[0].pretraining.copy()
    options['optim_wrapper.optimizer.lr'] = 0.5
    other = paths(planned(videos, changed(tmp_path, pretraining=options)))
    same = [a == b for a, b in zip(plain, other)]
    # untrained needs no rate, and the third method has its own
    assert same == 2 * [*3 * [True], *6 * [False], *3 * [True]]

    other = paths(planned(videos, with_three_clips(tmp_path)))
    same = [a == b for a, b in zip(plain, other)]
    assert same == 8 * [True, False, True]

    # A video of the same name that is another one
    video = next((moved / 'videos').rglob('0000.mp4'))
    content = video.read_bytes()
    video.write_bytes(content + b'more')
    other = paths(planned(str(moved)))
    assert [a == b for a, b in zip(plain, other)][3:12] == 9 * [False]
    video.write_bytes(content)

    # What is seen by whoever trains: one of the training videos is gone.
    os.remove(video)
    other = paths(planned(str(moved)))
    same = [a == b for a, b in zip(plain, other)]
    assert same == 2 * [True, False, True, *9 * [False]]


@pytest.mark.parametrize('count, quantile', [
    (2, 12.706), (3, 4.303), (7, 2.447), (10, 2.262)
])  # yapf: disable
def test_intervals_are_students(count, quantile):
    """By a printed table of Student's t, 97.5 %."""
    found = np.random.default_rng(count).normal(70, 5, count)
    half = quantile * found.std(ddof=1) / count**0.5
    assert interval(found.tolist()) == pytest.approx(
        (found.mean() - half, found.mean() + half), rel=1e-4)


@pytest.mark.parametrize('counts', [(2, 2), (3, 3), (2, 5)])
def test_differences_are_students(counts):
    generator = np.random.default_rng(sum(counts))
    first, second = (generator.normal(70, 5, count) for count in counts)
    found, half = difference(first.tolist(), second.tolist())
    low, high = stats.ttest_ind(second, first).confidence_interval(0.95)
    assert [found - half, found + half] == pytest.approx([low, high])
    assert difference([70., 70.], [70., 70.]) == (0, 0)


def test_a_measure_can_be_an_average():
    method = dict(runs=[
        dict(figures=dict(a=1., b=4.)), dict(figures=dict(a=2.)),
        dict(figures=dict(a=3., b=5.))
    ])
    assert values(method, 'a + b') == [2.5, 4.]
    assert values(method, 'a') == [1., 2., 3.]


def test_methods_are_told_apart_where_intervals_do_not_overlap():
    def method(name, *found):
        return dict(
            name=name, runs=[dict(figures=dict(top1=x)) for x in found])

    found = dict(methods=[
        method('untrained', 60., 61., 62.), method('ASCNet', 70., 71., 72.),
        method('better', 80., 81., 82.), method('wide', 60., 65., 52.),
        method('one seed', 10.)
    ])
    assert told_apart(found, 'top1', 1) == (['better'], ['untrained'])
    assert told_apart(found, 'top1', 0) == (['ASCNet', 'better'], [])
    assert told_apart(found, 'top1', 4) is None
    assert told_apart(found, 'top5', 1) is None
    # Equal by accident: what would the spread be?
    found['methods'][0] = method('untrained', 60., 60., 60.)
    assert told_apart(found, 'top1', 1) == (['better'], [])
    assert told_apart(found, 'top1', 0) is None


def test_an_evaluation_can_be_of_some_methods(videos, tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[1].methods = ['untrained', 'both ways']
    plan = planned(videos, changed(tmp_path, evaluations=parts))
    assert [(job.method, job.kind) for job in jobs_of(plan, tmp_path)
            if job.seed == 0] == [
        ('untrained', 'untrained'), ('untrained', 'vcop'),
        ('untrained', 'gauges'), ('ASCNet', 'pretrain'), ('ASCNet', 'vcop'),
        ('both ways', 'pretrain'), ('both ways', 'vcop'),
        ('both ways', 'gauges'), ('diverges', 'pretrain'),
        ('diverges', 'vcop')
    ]  # yapf: disable


def with_three_clips(tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[0].options['num_clips'] = 3
    return changed(tmp_path, evaluations=parts)


CUT_SHORT = {'loss': 1.}


@pytest.fixture
def scripts(monkeypatch):
    """Scripts that end at once, and the titles of the jobs that ran one."""
    ran, results, times = [], {}, itertools.count()

    def call(job, running):
        ran.append(job.title)
        code, figures = results.get(job.title, (0, FIGURES[job.kind]))
        path = osp.join(job.path, f'{next(times):04d}')
        os.makedirs(osp.join(path, 'vis_data'))
        name = ('vis_data/scalars.json'
                if job.kind == 'pretrain' else 'found.json')
        with open(osp.join(path, name), 'w') as file:
            json.dump(figures, file)
        with open(f'{job.path}.log', 'a') as file:
            file.write('starting\nerror: no luck\n\n')
        if job.kind == 'pretrain' and figures is not CUT_SHORT:
            open(job.checkpoint, 'w').close()
        return code

    monkeypatch.setattr(jobs_module, 'call_script', call)
    return ran, results


def test_a_broken_run_is_told_and_loses_no_other(
        plan, tmp_path, scripts, capsys):
    ran, results = scripts
    results['ASCNet, seed 0: pretrain'] = 1, {}
    results['both ways, seed 1: pretrain'] = 0, {'loss': float('nan')}
    results['both ways, seed 0: vcop'] = -9, {}
    results['ASCNet, seed 1: pretrain'] = 0, CUT_SHORT
    jobs = jobs_of(plan, tmp_path)
    records = run_jobs(jobs, plan[1], str(tmp_path))
    by_title = {job.title: records[job.path] for job in jobs}
    broken = {k: v['reason'] for k, v in by_title.items()
              if v['state'] == 'broken'}
    assert broken == {
        'ASCNet, seed 0: pretrain': 'error: no luck (exit code 1)',
        'ASCNet, seed 0: vcop': 'there is nothing to evaluate',
        'ASCNet, seed 0: gauges': 'there is nothing to evaluate',
        'ASCNet, seed 1: pretrain': 'it was ended before its end',
        'ASCNet, seed 1: vcop': 'there is nothing to evaluate',
        'ASCNet, seed 1: gauges': 'there is nothing to evaluate',
        'both ways, seed 0: vcop': 'error: no luck (signal 9)',
        'both ways, seed 1: pretrain': 'not finite: loss',
        'both ways, seed 1: vcop': 'there is nothing to evaluate',
        'both ways, seed 1: gauges': 'there is nothing to evaluate',
    }
    printed = capsys.readouterr().out
    assert '[4/24] ASCNet, seed 0: pretrain: broken (error: no' in printed
    assert by_title['untrained, seed 1: vcop']['figures'] == FIGURES['vcop']

    # The broken ones alone are tried again.
    ran.clear()
    results.clear()
    records = run_jobs(jobs, plan[1], str(tmp_path))
    assert set(ran) == set(broken)
    assert all(record['state'] == 'done' for record in records.values())
    ran.clear()
    run_jobs(jobs, plan[1], str(tmp_path))
    assert not ran


def test_runs_side_by_side(plan, tmp_path, scripts, monkeypatch):
    """Two trainings meet; each is judged after its own end."""
    ran, _ = scripts
    meeting, alone = threading.Barrier(2), jobs_module.call_script

    def call(job, running):
        if job.kind == 'pretrain':
            meeting.wait(timeout=60)
        return alone(job, running)

    monkeypatch.setattr(jobs_module, 'call_script', call)
    jobs = jobs_of(plan, tmp_path)
    records = run_jobs(jobs, plan[1], str(tmp_path), at_once=2)
    assert len(records) == len(jobs) == 24
    assert all(record['state'] == 'done' for record in records.values())
    for title in ran:
        name, _, kind = title.rpartition(': ')
        if kind != 'pretrain' and not title.startswith('untrained'):
            assert ran.index(f'{name}: pretrain') < ran.index(title)


def test_an_interrupt_begins_no_other_job(
        plan, tmp_path, scripts, monkeypatch):
    begun = []

    def call(job, running):
        if running._ended:  # as Scripts.call
            raise Stopped
        begun.append(job.title)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        while not running._ended:
            time.sleep(0.01)
        raise Stopped

    monkeypatch.setattr(jobs_module, 'call_script', call)
    jobs = jobs_of(plan, tmp_path)
    # It is ignored where a shell has started the tests in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_jobs(jobs, plan[1], str(tmp_path))
    finally:
        signal.signal(signal.SIGINT, before)
    assert begun == ['untrained, seed 0: vcop']
    assert not any(osp.exists(f'{job.path}.json') for job in jobs
                   if job.kind == 'pretrain')


def test_scripts_are_ended_together(tmp_path):
    scripts, ended = Scripts(at_once=2), []
    log = str(tmp_path / 'log')

    def run():
        with pytest.raises(Stopped):
            scripts.call(['-c', 'import time; time.sleep(600)'], log)
        ended.append(True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(scripts._running) < 2:
        time.sleep(0.01)
    scripts.end()
    for thread in threads:
        thread.join(timeout=60)
    assert ended == [True, True]
    with pytest.raises(Stopped):
        scripts.call(['-c', ''], log)


def test_scripts_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(12)))
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    script = ['-c', 'import os; print(os.environ["OMP_NUM_THREADS"])']
    log = tmp_path / 'log'
    assert Scripts(at_once=5).call(script, str(log)) == 0
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    assert Scripts(at_once=5).call(script, str(log)) == 0
    assert log.read_text().split() == ['2', '7']


def test_a_changed_option_is_told(videos, plan, tmp_path, scripts, capsys):
    run_jobs(jobs_of(plan, tmp_path), plan[1], str(tmp_path))
    assert 'new run' not in capsys.readouterr().out
    plan = planned(videos, with_three_clips(tmp_path))
    run_jobs(jobs_of(plan, tmp_path), plan[1], str(tmp_path))
    printed = capsys.readouterr().out
    assert printed.count('it is a new run') == 8
    assert 'ASCNet, seed 1: vcop: not the options' in printed


def test_the_table_is_that_of_the_figures(plan, tmp_path, scripts):
    _, results = scripts
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
    assert 'Told apart from **ASCNet** by' in text
    assert '- retrieval, top-1 %: none\n\n**Budget' in text
    assert '- ASCNet: loss_acp 0.50 / 0.50' in text


def test_the_page_compares_an_experiment_with_its_repetition(
        plan, tmp_path, scripts):
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
    assert 'It holds 0 for 5 of 6' in text

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


@pytest.mark.parametrize('name', [
    'ucf101_subset', 'ucf101_subset_recipe', 'ucf101_subset_screen',
    'ucf101_subset_seeds', 'ucf101_subset_speed', 'synthetic_speed'
])
def test_the_shipped_experiments_resolve(name):
    """Their configs, options and names; their videos are not at hand."""
    experiment = read_experiment(
        osp.join(ROOT, 'configs', 'compare', f'{name}.py'))
    resolved = []
    for part in [*experiment.methods, *experiment.evaluations]:
        options = part.options.to_dict()
        if part in experiment.methods:
            options = dict(experiment.pretraining.to_dict(), **options)
        cfg = read_config(osp.join(ROOT, part.config), options)
        assert cfg.model.backbone.base_channels == 16
        resolved.append(json.dumps(cfg.to_dict(), sort_keys=True))
    # Each option has changed something.
    assert len(set(resolved)) == len(resolved)


def test_bad_input_ends_with_one_sentence(tmp_path):
    done = run_tool('tools/compare.py', 'run', EXPERIMENT, '/', '--jobs', '0')
    assert done.stderr.strip() == 'error: --jobs 0: at least one must run'
    done = run_tool('tools/compare.py', 'run', EXPERIMENT, '/nowhere')
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert done.stderr.strip().splitlines()[-1] == (
        'error: there is no folder /nowhere/videos')
    with pytest.raises(InputError, match='compare.py run'):
        read_figures(str(tmp_path))


def test_unreadable_videos_are_counted(tmp_path):
    assert count_unreadable(str(tmp_path)) == 0
    for folder, lines in (('1', 'a\tx\n'), ('2', 'a\tx\nb\ty\n')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'skipped_videos.txt').write_text(lines)
    assert count_unreadable(str(tmp_path)) == 2  # the last test's
    (tmp_path / 'skipped_videos.txt').write_text('c\tz\n')
    assert count_unreadable(str(tmp_path)) == 1  # a training's


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
