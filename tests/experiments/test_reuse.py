"""Runs that are taken over from JSON files, with commands that end at once."""
import json
import shutil
from pathlib import Path

import pytest

from ascnet_mm import InputError
from ascnet_mm.experiments.page import page
from ascnet_mm.experiments.results import collect
from ascnet_mm.experiments.reuse import reusable
from ascnet_mm.experiments.running import run_jobs
from ascnet_mm.figures import made_here

from .planning import (
    FIGURES,
    STAGES,
    changed,
    jobs_of,
    planned,
    with_flow,
)


def published(plan, work_dir):
    """What an experiment has found, as its file says it, and the file."""
    jobs = jobs_of(plan, work_dir)
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(work_dir)))
    file = work_dir / 'compare_tiny.json'
    file.write_text(json.dumps(found))
    return json.loads(file.read_text()), str(file)


def taken_over(plan, work_dir, *files):
    """What an experiment has found in a new folder."""
    jobs = jobs_of(plan, work_dir)
    known = reusable(jobs, files, plan[1])
    records = run_jobs(jobs, plan[1], str(work_dir), known=known)
    return json.loads(json.dumps(collect(*plan, jobs, records)))


def test_a_file_gives_back_all_that_was_found(
        plan, tmp_path, commands, outcomes):
    """Figures, outcomes by video, times; nothing is run."""
    ran, _ = commands
    for seed in range(2):
        outcomes[f'ASCNet, seed {seed}: vcop'] = dict(
            retrieval=dict(videos=['b/2.mp4', 'a/1.mp4'], labels=[1, 0],
                           figures=dict(top1=[seed, 1], top5=[0.25, 1])),
            moments=dict(videos=['a/1.mp4', 'c/3.mp4'], labels=None,
                         figures=dict(top1=[0, 1])))
    found, file = published(plan, tmp_path / 'first')
    run = found['methods'][1]['runs'][1]
    assert run['outcomes']['vcop/retrieval/top5'] == '0.25 1'
    assert run['made'] == json.loads(json.dumps(made_here()))
    assert found['videos'] == ['a/1.mp4', 'b/2.mp4', 'c/3.mp4']
    assert found['positions'] == {
        'vcop/retrieval': '1 0', 'vcop/moments': '0 2'}

    ran.clear()
    assert taken_over(plan, tmp_path / 'second', file) == found
    assert not ran


def test_what_a_file_does_not_hold_is_run(
        videos, plan, tmp_path, commands, capsys):
    """Another seed; and a broken run, with what judges it.

    How long it takes is not told by the times of the file's machine.
    """
    ran, results = commands
    results['both ways, seed 1: vcop'] = 1, {}
    found, file = published(plan, tmp_path / 'first')
    for method in found['methods']:
        for run in method['runs']:
            run['seconds'] = dict.fromkeys(run['seconds'], 1e6)
    (tmp_path / 'first' / 'compare_tiny.json').write_text(json.dumps(found))
    results.clear()
    ran.clear()
    capsys.readouterr()
    more = planned(videos, changed(tmp_path, seeds=[0, 1, 2]))
    found = taken_over(more, tmp_path / 'second', file)
    assert {title.rpartition(':')[0] for title in ran} == {
        'both ways, seed 1', 'untrained, seed 2', 'ASCNet, seed 2',
        'both ways, seed 2', 'diverges, seed 2'}
    assert not any(run['broken'] for method in found['methods']
                   for run in method['runs'])
    assert 'min to go' not in capsys.readouterr().out


def test_a_first_stage_is_run_for_a_second_one(videos, tmp_path, commands):
    """Of seed 1 alone, since both stages of seed 0 are in the file."""
    ran, results = commands
    (tmp_path / 'set').mkdir()
    plan = planned(with_flow(videos, tmp_path / 'set'),
                   changed(tmp_path, **STAGES))
    results['both, seed 1: pretrain'] = 1, {}
    _, file = published(plan, tmp_path / 'first')
    results.clear()
    ran.clear()
    taken_over(plan, tmp_path / 'second', file)
    assert ran == ['rgb, seed 1: pretrain', 'rgb, seed 1: gauges',
                   'flow, seed 1: pretrain', 'both, seed 1: pretrain',
                   'both, seed 1: gauges']


def test_what_was_run_here_counts_first(plan, tmp_path, commands):
    """A training of here is judged here, whatever the file says of it."""
    ran, results = commands
    _, file = published(plan, tmp_path / 'first')
    results['ASCNet, seed 0: vcop'] = 0, {'retrieval/top1': 75.}
    results['both ways, seed 0: vcop'] = 1, {}
    published(plan, tmp_path / 'second')
    del results['both ways, seed 0: vcop']
    ran.clear()
    found = taken_over(plan, tmp_path / 'second', file)
    assert [run['figures']['vcop/retrieval/top1']
            for run in found['methods'][1]['runs']] == [75., 50.]
    assert ran == ['both ways, seed 0: vcop']


def test_a_run_is_that_of_one_file(videos, plan, tmp_path, commands, capsys):
    """Not the evaluations of one network beside those of another."""
    ran, results = commands
    _, whole = published(plan, tmp_path / 'whole')
    results['ASCNet, seed 0: vcop'] = 0, {'retrieval/top1': 75.}
    results['ASCNet, seed 0: pretrain'] = 0, dict(FIGURES['pretrain'], loss=7.)
    shorter = planned(videos, changed(
        tmp_path, evaluations=plan[0].evaluations[:1],
        measures={'vcop/retrieval/top1': 'retrieval'}))
    _, part = published(shorter, tmp_path / 'part')
    ran.clear()
    capsys.readouterr()
    refusal = 'of one of this experiment'
    with pytest.raises(InputError, match=refusal):
        taken_over(plan, tmp_path / 'second', whole, part)
    with pytest.raises(InputError, match=refusal):
        taken_over(plan, tmp_path / 'second', part)
    assert not ran

    found = taken_over(shorter, tmp_path / 'third', part, whole)
    [run, _] = found['methods'][1]['runs']
    assert (run['training']['loss'],
            run['figures']['vcop/retrieval/top1']) == (7., 75.)
    found = taken_over(shorter, tmp_path / 'fourth', whole, part)
    [run, _] = found['methods'][1]['runs']
    assert (run['training']['loss'],
            run['figures']['vcop/retrieval/top1']) == (1., 50.)
    assert not ran
    printed = capsys.readouterr().out
    assert f'8 of 8 runs are taken over from {whole}' in printed
    assert f'0 of 8 runs are taken over from {part}' in printed


def test_the_judged_videos_are_those_of_the_most_complete_run(
        plan, tmp_path, commands, outcomes):
    """The untrained network, the first, was judged without one of them."""
    names = ['a.mp4', 'b.mp4']
    for title, count in (('untrained, seed 0: vcop', 1),
                         ('ASCNet, seed 0: vcop', 2)):
        outcomes[title] = dict(retrieval=dict(
            videos=names[:count], labels=None, figures=dict(top1=[1] * count)))
    found, _ = published(plan, tmp_path)
    assert found['videos'] == names
    untrained, ascnet, *_ = found['methods']
    assert untrained['runs'][0]['outcomes'] == {}
    assert ascnet['runs'][0]['outcomes'] == {'vcop/retrieval/top1': '11'}


def test_the_page_names_other_machines(plan, tmp_path, commands):
    found, _ = published(plan, tmp_path)
    found.update(made_here(), command='c')
    found['machine']['bf16'] = False
    for method in found['methods']:
        for run in method['runs']:
            run['made']['machine']['bf16'] = False
    assert 'Runs with' not in page(dict(tiny=found))
    assert ', bf16 False' in page(dict(tiny=found))
    for run in found['methods'][2]['runs']:
        run['made'] = dict(date='2020-01-02', machine={
            **found['machine'], 'processor': 'Abacus', 'cores': None
        }, versions={**found['versions'], 'torch': '0.4'})
    found['methods'][1]['runs'][0]['made'] = None  # of an early version
    assert ('. Runs with processor Abacus, cores none, torch 0.4 on '
            '2020-01-02: both ways, seed 0; both ways, seed 1. Made by'
            ) in page(dict(tiny=found))


def test_a_test_made_elsewhere_later_is_told(plan, tmp_path, commands):
    """The training is of here, what judges it of another machine."""
    jobs = jobs_of(plan, tmp_path / 'first')
    records = run_jobs(jobs, plan[1], str(tmp_path / 'first'))
    later = next(job for job in jobs if job.title == 'ASCNet, seed 1: vcop')
    made = made_here()
    records[later.path]['made'] = dict(
        made, versions={**made['versions'], 'torch': '0.4'})
    found = collect(*plan, jobs, records)
    file = tmp_path / 'compare_tiny.json'
    file.write_text(json.dumps(found))
    told = [run['tests_made'] for method in found['methods']
            for run in method['runs'] if run['tests_made']]
    assert told == [{'vcop': records[later.path]['made']}]
    found.update(made_here(), command='c')
    where = f'Runs with torch 0.4 on {made["date"]}'
    assert f'{where}: ASCNet, seed 1 (vcop).' in page(dict(tiny=found))
    again = taken_over(plan, tmp_path / 'second', str(file))
    assert again['methods'] == json.loads(json.dumps(found))['methods']


def test_a_file_of_something_else_is_refused(
        videos, plan, tmp_path, commands):
    found, file = published(plan, tmp_path / 'first')
    jobs = jobs_of(plan, tmp_path / 'second')

    def refused(path, words):
        with pytest.raises(InputError, match=words):
            reusable(jobs, [file, str(path)], plan[1])

    refused(tmp_path / 'missing.json', 'missing.json: there is no such file')
    old = tmp_path / 'old.json'
    del found['positions']
    for text in (json.dumps(found), '[]', '# Results'):
        old.write_text(text)
        refused(old, 'old.json: it does not name the judged videos')
    others = planned(videos, changed(tmp_path, seeds=[5]))
    _, file_of_others = published(others, tmp_path / 'others')
    refused(file_of_others, 'has the name, options, seed')


def test_videos_of_other_sizes_are_named(
        videos, plan, tmp_path, commands, capsys):
    """Be it that some runs can be reused, or none."""
    experiment = changed(
        tmp_path, evaluations=plan[0].evaluations[1:],
        measures={'gauges/same_video/top1': 'same video'})
    plan = planned(videos, experiment)
    found, file = published(plan, tmp_path / 'first')
    judged = plan[1].judged
    assert set(found['data']['sizes']) == {*plan[1].pretrain, *judged}
    for path, size in found['data']['sizes'].items():
        assert size == len(Path(videos, 'videos', path).read_bytes())

    root = tmp_path / 'prepared_again'
    shutil.copytree(videos, root)

    def prepared_again(path):
        (root / 'videos' / path).write_bytes(
            (root / 'videos' / path).read_bytes() + b' ')
        return planned(root, experiment)

    capsys.readouterr()
    first, size = plan[1].pretrain[0], found['data']['sizes']
    taken_over(prepared_again(first), tmp_path / 'second', file)
    words = (f'; 1 of {len(size)} videos have other sizes there, first {first}'
             f' ({size[first]} bytes, here {size[first] + 1}): prepare them')
    assert (f'2 of 8 runs are taken over from {file}{words}'
            in capsys.readouterr().out)
    with pytest.raises(InputError, match='; 2 of .* have other sizes'):
        taken_over(prepared_again(judged[0]), tmp_path / 'third', file)
    del found['data']['sizes']  # of an early version
    Path(file).write_text(json.dumps(found))
    with pytest.raises(InputError, match='evaluations of one of this exp.*t$'):
        taken_over(planned(root, experiment), tmp_path / 'fourth', file)
