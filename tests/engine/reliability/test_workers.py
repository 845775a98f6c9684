"""What the loaders' workers cannot send ends a run, instead of stopping it."""
import ctypes
import os
import resource
import subprocess
from functools import partial
from uuid import uuid4

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ascnet_mm.datasets import transport
from ascnet_mm.datasets.transport import (
    WeighingCollate,
    report_what_cannot_be_sent,
    transport_fault,
)

from ...helpers.processes import run_script
from .test_loops import pretraining
from .test_termination import command


def small_memory(size, fill):
    """Give this process a /dev/shm of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000):  # CLONE_NEWNS
        raise PermissionError(ctypes.get_errno(), 'unshare')
    for mount in ('--make-rprivate /',
                  f'-t tmpfs -o size={size} tmpfs /dev/shm'):
        subprocess.run(['mount', *mount.split()], check=True)
    if fill:
        subprocess.run('head -c 9m /dev/zero > /dev/shm/x 2> /dev/null',
                       shell=True)


@pytest.fixture(scope='module')
def may_mount():
    if subprocess.run(['unshare', '-m', 'mount', '-t', 'tmpfs', 'tmpfs',
                       '/dev/shm'], capture_output=True).returncode:
        pytest.skip('mounting is not permitted here')


@pytest.mark.parametrize('fill', [False, True])
def test_a_full_memory_ends_a_run_with_a_sentence(
        fill, may_mount, videos, tmp_path):
    done = run_script([
        *command('tools/train.py', videos, tmp_path, '--seed', '0')[1:],
        'train_dataloader.num_workers=2', 'val_dataloader.num_workers=0'
    ], timeout=120, first=partial(
        small_memory, '64k' if fill else '500k', fill))
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith('error: ') and '/dev/shm' in sentence
    assert 'are free' in sentence and '--shm-size' in sentence
    warned = done.stdout + done.stderr
    assert warned.count('train_dataloader keeps up to') == (not fill)


class Unsendable(torch.utils.data.Dataset):

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return (lambda: index) if index == 1 else index


def start(worker_id):
    report_what_cannot_be_sent()


def test_what_cannot_be_sent_is_raised_in_the_run():
    batches = iter(DataLoader(
        Unsendable(), batch_size=1, num_workers=2, worker_init_fn=start,
        collate_fn=pseudo_collate, timeout=20))
    assert next(batches) == [0]
    with pytest.raises(Exception, match='(?i)pickle'):
        next(batches)


@pytest.mark.parametrize('text, sentence', [
    ('unable to allocate shared memory(shm) for file </torch_1>: No space '
     'left on device (28)', '/dev/shm is full'),
    ('DataLoader worker (pid 1) is killed by signal: Bus error. It is '
     "possible that dataloader's workers are out of shared memory.",
     '/dev/shm is full'),
    ('received 0 items of ancdata', 'ulimit -n'),
    ('unable to open shared memory object </torch_1> in read-write mode: Too '
     'many open files (24)', 'ulimit -n'),
])
def test_what_torch_says_is_put_into_a_sentence(text, sentence):
    assert sentence in transport_fault(RuntimeError(text))


def test_other_errors_are_left_as_they_are():
    for error in (RuntimeError('x'), OSError(28, os.strerror(28))):
        assert transport_fault(error) is None


def test_the_limit_of_open_files_is_raised(videos, tmp_path):
    """MMEngine would stop at 4096."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, limits[1]))
    try:
        cfg = pretraining(videos, tmp_path)
        cfg.experiment_name = str(uuid4())
        Runner.from_cfg(cfg)
        raised = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert raised == (min(limits[1], 2**20), limits[1])


# Six batches, each of two samples of 1 MB and a page
BYTES, FILES = 6 * 2 * (2**20 + resource.getpagesize()), 6 * 4


@pytest.mark.parametrize('free, limit, warned', [
    (BYTES, FILES, []), (BYTES - 1, FILES, ['/dev/shm']),
    (BYTES, FILES - 1, ['ulimit -n'])])
def test_what_will_be_too_much_is_told_at_the_start(
        free, limit, warned, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, 'free_memory', lambda: free)
    monkeypatch.setattr(resource, 'getrlimit', lambda _: (limit, limit))
    monkeypatch.setattr(transport, 'OTHERS_OPEN', 0)
    log = tmp_path / 'x.log'
    MMLogger.get_instance(str(tmp_path), log_file=str(log))
    samples = [dict(inputs=torch.zeros(2**20, dtype=torch.uint8),
                    label=torch.zeros(1))] * 40
    loader = DataLoader(samples, batch_size=2, num_workers=3,
                        prefetch_factor=2, collate_fn=pseudo_collate)
    loader.collate_fn = WeighingCollate(loader, 'train_dataloader')
    assert len(list(loader)) == 20
    lines = log.read_text().splitlines()
    assert len(lines) == len(warned)
    for line, word in zip(lines, warned):
        assert word in line and 'train_dataloader.num_workers' in line
