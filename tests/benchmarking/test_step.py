"""The step on a GPU, as far as that can be seen without one."""
import numpy as np
import pytest
import torch

from ascnet_mm.benchmarking import step
from ascnet_mm.benchmarking.pretend_gpu import process


@pytest.fixture
def mode(monkeypatch):
    """torch's mode of waits, which needs a GPU to be set: all it was."""
    modes = ['default']
    monkeypatch.setattr(torch.cuda, 'set_sync_debug_mode', modes.append)
    monkeypatch.setattr(torch.cuda, 'get_sync_debug_mode', lambda: modes[-1])
    return modes


def test_a_wait_is_an_error_while_the_part_runs(mode):
    seen = []
    assert step.sync_debug(lambda: seen.append(mode[-1])) == 'no wait'
    assert seen == ['error']
    assert mode == ['default', 'error', 'default']


def test_a_wait_is_told(mode):

    def wait():
        raise RuntimeError('called a synchronizing CUDA operation')

    assert 'called a synchronizing' in step.sync_debug(wait)
    assert mode[-1] == 'default'


def test_what_is_no_wait_is_an_error_still(mode):

    def fail():
        raise RuntimeError('CUDA out of memory')

    with pytest.raises(RuntimeError, match='memory'):
        step.sync_debug(fail)
    assert mode[-1] == 'default'


def test_without_a_pretend_gpu_nothing_is_counted(monkeypatch, capsys):

    def run(*_):
        raise process.Unavailable('torch keeps it elsewhere')

    monkeypatch.setattr(process, 'run', run)
    assert step.count(step.Sizes('R3D', 2, 4, 16, 4), 'default') == {}
    assert 'torch keeps it elsewhere' in capsys.readouterr().out


def test_a_batch_is_the_same_in_every_call():
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        torch.manual_seed(seed)
        found.append(step.prepared_planes(2, 2, 16, 'cpu'))
    (planes, samples), (others, other_samples) = found
    assert torch.equal(planes, others)
    for sample, other in zip(samples, other_samples):
        assert sample.yuv420 == other.yuv420
