"""The command, by tools/compare.py."""
import argparse

import pytest

from ascnet_mm import InputError
from ascnet_mm.experiments.report import read_figures
from ascnet_mm_cli.compare import add_arguments

from ..conftest import run_tool
from .planning import EXPERIMENT


def test_bad_input_ends_with_one_sentence(tmp_path):
    done = run_tool('tools/compare.py', 'run', EXPERIMENT, '/', '--jobs', '0')
    assert done.stderr.strip() == 'error: --jobs 0: at least one must run'
    done = run_tool('tools/compare.py', 'run', EXPERIMENT, '/nowhere')
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert done.stderr.strip().splitlines()[-1] == (
        'error: there is no folder /nowhere/videos')
    with pytest.raises(InputError, match='compare.py run'):
        read_figures(str(tmp_path))


def test_files_to_reuse_are_named_one_by_one():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(
        ['run', '--reuse', 'a.json', 'experiment.py', 'set', '--reuse', 'b'])
    assert args.reuse == ['a.json', 'b']
    assert (args.experiment, args.data_root) == ('experiment.py', 'set')
