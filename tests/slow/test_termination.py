"""Two ranks end at the same iteration, whichever gets the signal."""
import os
import signal
import subprocess
import time

import torch

from ..conftest import ROOT
from ..engine.reliability.test_termination import command
from .ranks import torchrun


def processes_of(group):
    """Ids of the running processes of a process group."""
    found = subprocess.run(['pgrep', '-g', str(group)], capture_output=True,
                           text=True)
    return [int(process) for process in found.stdout.split()]


def launch(rank, ranks, videos, work_dir, port):
    python, *args = command('tools/train.py', videos, work_dir)
    if ranks > 1:
        args[4:4] = ['--launcher', 'pytorch']
        args.append('default_hooks.logger.interval=3')
    return subprocess.Popen(
        [python, *args],
        cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env=dict(
            os.environ, OMP_NUM_THREADS='1', RANK=str(rank),
            WORLD_SIZE=str(ranks), LOCAL_RANK=str(rank),
            MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port)))


def wait_for_training(work_dir, processes):
    deadline = time.monotonic() + 200
    while not any('loss' in path.read_text()
                  for path in work_dir.glob('*/vis_data/scalars.json')):
        for process in processes:
            assert process.poll() is None, process.communicate()[0][-2000:]
        assert time.monotonic() < deadline
        time.sleep(.05)


def test_ranks_end_together(videos, tmp_path):
    ranks = [launch(rank, 2, videos, tmp_path, 29571) for rank in range(2)]
    try:
        wait_for_training(tmp_path, ranks)
        os.kill(ranks[1].pid, signal.SIGTERM)
        printed = [rank.communicate(timeout=100)[0] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0], printed
    found = torch.load(tmp_path / 'terminated.pth', weights_only=False)
    assert f'Terminated at iteration {found["meta"]["iter"]}:' in printed[0]


def test_a_rank_that_waits_for_data_ends_with_one_that_is_told_to(
        videos, tmp_path):
    done = torchrun(
        str(tmp_path), f'{videos}/videos', fault='starve',
        options=['train_dataloader.num_workers=0'])
    assert done.returncode == 0, done.stderr[-3000:]
    found = torch.load(tmp_path / 'terminated.pth', weights_only=False)
    assert found['meta']['iter'] == 10


def test_workers_end_with_a_run_that_is_killed(videos, tmp_path):
    run = launch(0, 1, videos, tmp_path, 29572)
    wait_for_training(tmp_path, [run])
    workers = [p for p in processes_of(run.pid) if p != run.pid]
    assert workers
    run.kill()
    run.wait()
    deadline = time.monotonic() + 60
    while set(workers) & set(processes_of(run.pid)):
        assert time.monotonic() < deadline
        time.sleep(.1)
