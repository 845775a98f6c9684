"""Each benchmark at its smallest: what it writes, not how fast it is."""
import argparse
import json
from importlib import import_module
from inspect import signature

import pytest

from ascnet_mm import InputError
from ascnet_mm.benchmarking import processes
from ascnet_mm.benchmarking.step import ENCODERS
from ascnet_mm_cli import benchmark

from ..conftest import run_tool


def test_the_steps_figures_are_written(tmp_path):
    done = run_tool('tools/benchmark.py', 'step', '--base-channels', '2',
                    '--frames', '4', '--pixels', '16', '--batch', '4',
                    '--repeats', '2', '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    with open(tmp_path / 'step.json') as file:
        written = json.load(file)
    assert written['settings']['bank_size'] == 32768
    assert len(written['ratios']) == 4
    for item in written['ratios']:
        assert item['value'] > 0 and item['bar']
    assert len(written['seconds']) == 5
    for seconds in written['seconds'].values():
        assert len(seconds) == 2 and min(seconds) > 0
    for name, (least, most) in dict(step=(100, 700),
                                    augmentation=(30, 70)).items():
        counted = written['on_a_pretend_gpu'][name]
        assert least < counted['launches'] < most and counted['waits'] == []
    assert written['sync_debug'].startswith('not run')


def test_a_batch_that_cannot_be_normalized_is_refused(tmp_path):
    done = run_tool('tools/benchmark.py', 'step', '--batch', '1', '--out',
                    str(tmp_path))
    assert done.returncode != 0 and '--batch' in done.stderr
    assert 'Traceback' not in done.stderr


def test_the_colors_figures_are_written(tmp_path):
    done = run_tool('tools/benchmark.py', 'colors', '--batch', '2',
                    '--frames', '2', '--pixels', '16', '--repeats', '1',
                    '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    with open(tmp_path / 'colors.json') as file:
        found = json.load(file)
    assert list(found['seconds']) == ['hue', 'chroma rotation', 'neither']
    # A turn in YIQ leaves the luma, a shift in HSV does not.
    moved = found['settings']['luma_moved_on_noise']
    assert moved['hue'] > 5 * moved['chroma rotation'] > 0
    done = run_tool('tools/benchmark.py', 'colors', '--batch', '0', '--out',
                    str(tmp_path / 'none'))
    assert done.returncode == 1 and 'error: colors needs' in done.stderr
    assert not (tmp_path / 'none').exists()
    # Before it measures, for which its numbers make no sense
    done = run_tool('tools/benchmark.py', 'colors', '--batch', '0', '--out',
                    str(tmp_path / 'colors.json'))
    assert done.returncode == 1 and 'colors.json is no folder' in done.stderr


def test_the_encoders_are_those_that_can_be_measured():
    parser = argparse.ArgumentParser()
    benchmark.step(parser)
    choices, = (action.choices for action in parser._actions
                if action.dest == 'encoder')
    assert set(choices) == set(ENCODERS)


def test_options_are_what_a_subject_takes():
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    subjects = parser._subparsers._group_actions[0].choices
    assert len(subjects) == 16
    for name, subject in subjects.items():
        run = import_module(f'ascnet_mm.benchmarking.{name}').run
        options = {action.dest for action in subject._actions} - {'help'}
        assert options == set(signature(run).parameters), name


def test_several_ranks_are_measured_in_a_checkout_only(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, 'LAUNCHER', str(tmp_path / 'none.sh'))
    with pytest.raises(InputError, match='in a checkout'):
        processes.run(str(tmp_path), str(tmp_path))
