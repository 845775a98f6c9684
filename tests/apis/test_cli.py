"""What all commands have in common."""
import os
import subprocess
import sys

import pytest

from ..helpers.processes import run_code

SCRIPT = '''
import glob
import torch
import torch.distributed as dist
from ascnet_mm.apis import run_script

def threads():
    names = [open(f'{task}/comm').read() for task in glob.glob(
        '/proc/self/task/*')]
    return sum('gloo' in name for name in names)

def main():
    dist.init_process_group(
        'gloo', store=dist.HashStore(), rank=0, world_size=1)
    runner = torch.nn.Module()  # in a cycle with what it holds
    runner.model = torch.nn.parallel.DistributedDataParallel(
        torch.nn.Linear(2, 2))
    runner.hook = dict(runner=runner, group=dist.new_group(backend='gloo'))
    runner.model(torch.ones(1, 2)).sum().backward()
    print('ran with', bool(threads()))

run_script(main)
print('left', threads())
'''


@pytest.mark.skipif(
    not os.path.isdir('/proc/self/task'), reason='Linux names its threads')
def test_no_thread_of_a_group_is_left_when_the_interpreter_ends():
    done = run_code(SCRIPT, timeout=120, finalize=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('\n')[:2] == ['ran with True', 'left 0']


@pytest.mark.parametrize('lines', [1, 100_000])
def test_output_that_nobody_reads_is_no_fault(lines, monkeypatch):
    """As of ``ascnet-mm search ... | head``."""
    monkeypatch.delenv('PYTHONUNBUFFERED', raising=False)
    code = (f"from ascnet_mm.apis import run_script\n"
            f"run_script(lambda: print('line\\n' * {lines}, end=''))\n")
    with subprocess.Popen([sys.executable, '-c', code], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 141 and 'BrokenPipe' not in told, told


def test_a_closed_output_is_no_fault():
    """As of ``>&-``, or of a service."""
    code = ('from ascnet_mm.apis import run_script\n'
            "run_script(lambda: print('line'))\n")
    done = subprocess.run(
        [sys.executable, '-c', code], timeout=120, check=False,
        stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert done.returncode == 0, done.stderr


def test_a_pipe_that_breaks_elsewhere_is_a_fault():
    done = run_code('from ascnet_mm.apis import run_script\n'
                    'def broken():\n'
                    "    raise BrokenPipeError('a worker')\n"
                    'run_script(broken)\n', timeout=120)
    assert done.returncode == 1
    assert 'BrokenPipeError: a worker' in done.stderr
