"""Jobs, with commands that end at once."""
import os.path as osp
import signal
import threading
import time
from pathlib import Path

import pytest

from ascnet_mm.experiments import running
from ascnet_mm.experiments.processes import Stopped
from ascnet_mm.experiments.results import at_budget, collect
from ascnet_mm.experiments.running import run_jobs
from ascnet_mm.experiments.tables import table

from .planning import (
    CUT_SHORT,
    FIGURES,
    STAGES,
    changed,
    jobs_of,
    planned,
    with_flow,
    with_three_clips,
)


def test_a_broken_run_is_told_and_loses_no_other(
        plan, tmp_path, commands, capsys):
    ran, results = commands
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
        'ASCNet, seed 1: pretrain': 'it was stopped before its last epoch',
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


def test_what_a_test_has_left_half_written_breaks_it_alone(
        plan, tmp_path, commands, monkeypatch):
    alone = running.call_command

    def call(job, processes):
        code = alone(job, processes)
        if job.title == 'ASCNet, seed 0: vcop':
            for path in Path(job.path).glob('*/found.json'):
                path.write_text('{"retrieval/to')
        return code

    def full(model, seed, path):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(running, 'call_command', call)
    monkeypatch.setattr(running, 'save_untrained', full)
    jobs = jobs_of(plan, tmp_path)
    records = run_jobs(jobs, plan[1], str(tmp_path))
    broken = {job.title: records[job.path]['reason'] for job in jobs
              if records[job.path]['state'] == 'broken'}
    assert broken.pop('ASCNet, seed 0: vcop').startswith('JSONDecodeError: ')
    assert 'No space left' in broken['untrained, seed 1: untrained']
    assert all(title.startswith('untrained') for title in broken)
    assert len(records) == len(jobs)


def test_runs_side_by_side(plan, tmp_path, commands, monkeypatch):
    """Two trainings meet; each is judged after its own end."""
    ran, _ = commands
    meeting, alone = threading.Barrier(2), running.call_command

    def call(job, processes):
        if job.kind == 'pretrain':
            meeting.wait(timeout=60)
        return alone(job, processes)

    monkeypatch.setattr(running, 'call_command', call)
    jobs = jobs_of(plan, tmp_path)
    records = run_jobs(jobs, plan[1], str(tmp_path), at_once=2)
    assert len(records) == len(jobs) == 24
    assert all(record['state'] == 'done' for record in records.values())
    for title in ran:
        name, _, kind = title.rpartition(': ')
        if kind != 'pretrain' and not title.startswith('untrained'):
            assert ran.index(f'{name}: pretrain') < ran.index(title)


def test_a_second_stage_waits_for_the_first_ones(
        videos, tmp_path, commands, monkeypatch):
    """The slow flow of seed 0, which breaks, while others end."""
    ran, results = commands
    results['flow, seed 0: pretrain'] = 1, {}
    alone = running.call_command

    def call(job, processes):
        if job.title == 'flow, seed 0: pretrain':
            time.sleep(0.5)
        return alone(job, processes)

    monkeypatch.setattr(running, 'call_command', call)
    (tmp_path / 'set').mkdir()
    plan = planned(with_flow(videos, tmp_path / 'set'),
                   changed(tmp_path, **STAGES))
    jobs = jobs_of(plan, tmp_path)
    records = run_jobs(jobs, plan[1], str(tmp_path), at_once=3)
    broken = {job.title: records[job.path]['reason'] for job in jobs
              if records[job.path]['state'] == 'broken'}
    assert broken == {
        'flow, seed 0: pretrain': 'error: no luck (exit code 1)',
        'both, seed 0: pretrain': 'there is nothing to start from',
        'both, seed 0: gauges': 'there is nothing to evaluate',
    }
    assert ran.index('both, seed 1: pretrain') > max(
        ran.index(f'{name}, seed 1: pretrain') for name in ('rgb', 'flow'))

    results.clear()
    ran.clear()
    records = run_jobs(jobs, plan[1], str(tmp_path), at_once=3)
    assert all(record['state'] == 'done' for record in records.values())
    assert ran == ['flow, seed 0: pretrain', 'both, seed 0: pretrain',
                   'both, seed 0: gauges']

    # All stages are counted; what is not judged stands in no table.
    experiment, videos, methods, evaluations = plan
    found = collect(experiment, videos, methods, evaluations, jobs, records)
    [_, rgb, flow, both] = found['methods']
    assert both['starts_from'] == ['flow', 'rgb']
    assert both['passes'] == (rgb['passes'] + flow['passes'] +
                              both['samples'] * (3 + 2 * 1))
    shown = [line.split(' | ')[0] for line in table(
        at_budget(found, None)).splitlines()]
    assert shown[2:5] == ['| untrained', '| rgb', '| both']


def test_an_interrupt_begins_no_other_job(
        plan, tmp_path, commands, monkeypatch):
    begun = []

    def call(job, processes):
        if processes._ended:  # as Processes.call
            raise Stopped
        begun.append(job.title)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        while not processes._ended:
            time.sleep(0.01)
        raise Stopped

    monkeypatch.setattr(running, 'call_command', call)
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


def test_a_changed_option_is_told(videos, plan, tmp_path, commands, capsys):
    run_jobs(jobs_of(plan, tmp_path), plan[1], str(tmp_path))
    assert 'new run' not in capsys.readouterr().out
    plan = planned(videos, with_three_clips(tmp_path))
    run_jobs(jobs_of(plan, tmp_path), plan[1], str(tmp_path))
    printed = capsys.readouterr().out
    assert printed.count('it is a new run') == 8
    assert 'ASCNet, seed 1: vcop: not the options' in printed
