import pytest
import torch
from mmengine.dist import utils as dist_utils

from ascnet_mm.compat import cpu_ranks
from ascnet_mm.compat.sync_batch_norm import SyncBatchNorm


@pytest.mark.parametrize('device, layer, said', [
    ('cpu', torch.nn.BatchNorm3d, 'each rank by itself'),
    ('cuda', SyncBatchNorm, 'over all ranks'),
])
def test_batchnorm_spans_the_ranks_on_gpus_alone(device, layer, said,
                                                 monkeypatch):
    lines = []
    monkeypatch.setattr(cpu_ranks, 'get_device', lambda: device)
    monkeypatch.setattr(cpu_ranks, 'print_log',
                        lambda line, *args: lines.append(line))
    model = cpu_ranks.convert_sync_batchnorm(
        torch.nn.Sequential(torch.nn.BatchNorm3d(2)))
    assert type(model[0]) is layer
    assert len(lines) == 1 and said in lines[0]


@pytest.mark.parametrize('asked, taken', [
    ('nccl', 'gloo'), ('cpu:gloo,cuda:nccl', 'gloo'), ('mpi', 'mpi')])
def test_gloo_takes_the_place_of_nccl_without_gpus(asked, taken, monkeypatch):
    seen = []

    def start(backend, **kwargs):
        torch.cuda.set_device(0)  # as MMEngine does
        seen.append((backend, kwargs['timeout'].total_seconds()))

    set_device = torch.cuda.set_device
    monkeypatch.setattr(dist_utils, '_init_dist_pytorch',
                        lambda backend, init_backend, **kwargs: start(
                            backend, **kwargs))
    cpu_ranks.init_dist_without_gpus('pytorch', asked, timeout=7)
    assert seen == [(taken, 7)]
    assert torch.cuda.set_device is set_device
