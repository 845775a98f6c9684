import os

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
