"""What the scripts for several GPUs start; runs: tests/slow/test_ranks.py."""
import os
import os.path as osp
import subprocess

import pytest

from ..conftest import ROOT


@pytest.fixture
def started(tmp_path):
    """Arguments of the Python that a script starts, and its PYTHONPATH."""
    python = tmp_path / 'python'
    python.write_text('#!/bin/sh\necho "$PYTHONPATH"\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)

    def start(script, *arguments, **env):
        path = f'{tmp_path}:{os.environ["PATH"]}'
        done = subprocess.run(
            [osp.join('tools', script), *arguments], check=True, cwd=ROOT,
            env=dict(os.environ, PATH=path, PYTHONPATH='mine', **env),
            capture_output=True, text=True)  # yapf: disable
        return done.stdout.splitlines()

    return start


@pytest.mark.parametrize('script, before', [
    ('dist_train.sh', ['a config.py']),
    ('dist_test.sh', ['a config.py', 'last.pth']),
])
def test_ranks_of_one_machine_meet_at_a_free_port(started, script, before):
    tool = script.replace('dist_', '').replace('.sh', '.py')
    found = started(script, *before, '2', '--cfg-options', 'a=b c')
    assert found == [
        f'{ROOT}:mine', '-m', 'torch.distributed.run', '--standalone',
        '--nproc-per-node', '2', osp.join(ROOT, 'tools', tool), *before,
        '--cfg-options', 'a=b c', '--launcher', 'pytorch'
    ]


def test_no_other_folder_of_the_shell_is_meant(started, tmp_path):
    (tmp_path / 'tools').mkdir()
    for elsewhere in (str(tmp_path), '.'):
        found = started('dist_train.sh', 'config.py', '2', CDPATH=elsewhere)
        assert found[0] == f'{ROOT}:mine'


def test_ranks_of_several_machines_meet_at_one_address(started):
    found = started('dist_train.sh', 'config.py', '8', NNODES='2',
                    NODE_RANK='1', MASTER_ADDR='10.0.0.1', PORT='1234')
    assert found[3:13] == [
        '--nnodes', '2', '--node-rank', '1', '--master-addr', '10.0.0.1',
        '--master-port', '1234', '--nproc-per-node', '8'
    ]
