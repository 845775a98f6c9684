"""Ranks with BatchNorm over all of them, against one with all samples.

torch has the layer's kernels for GPUs alone; here formulas take their place.
"""
import pytest
import torch
import torch.distributed as dist
from torch import nn

from ascnet_mm.compat.sync_batch_norm import SyncBatchNorm

from ..helpers.processes import spawn

EPS = 1e-3
# Rank 1 has fewer samples, and its input has the layout of autocast.
SHARES = (4, 2)


def per_channel(x):
    return x.transpose(0, 1).flatten(1)


def along(values, x):
    return values.view(1, -1, *[1] * (x.ndim - 2))


def stats(x, eps):
    rows = per_channel(x)
    return rows.mean(1), (rows.var(1, correction=0) + eps).rsqrt()


def gather_stats(x, means, invstds, running_mean, running_var, momentum, eps,
                 counts):
    weights = counts[:, None] / counts.sum()
    squares = invstds.pow(-2) - eps + means.square()
    mean = (weights * means).sum(0)
    var = (weights * squares).sum(0) - mean.square()
    unbiased = var * counts.sum() / (counts.sum() - 1)
    running_mean.lerp_(mean, momentum)
    running_var.lerp_(unbiased, momentum)
    return mean, (var + eps).rsqrt()


def elemt(x, weight, bias, mean, invstd, eps):
    normal = (x - along(mean, x)) * along(invstd, x)
    return normal * along(weight, x) + along(bias, x)


def backward_reduce(gradient, x, mean, invstd, weight, *wanted):
    rows, centered = per_channel(gradient), per_channel(x) - mean[:, None]
    sum_dy_xmu = (rows * centered).sum(1)
    return rows.sum(1), sum_dy_xmu, sum_dy_xmu * invstd, rows.sum(1)


def backward_elemt(gradient, x, mean, invstd, weight, sum_dy, sum_dy_xmu,
                   counts):
    count = counts.sum()
    centered = x - along(mean, x)
    return along(weight * invstd, x) * (
        gradient - along(sum_dy / count, x) -
        centered * along(invstd.square() * sum_dy_xmu / count, x))


FORMULAS = dict(
    batch_norm_stats=stats,
    batch_norm_gather_stats_with_counts=gather_stats,
    batch_norm_elemt=elemt,
    batch_norm_backward_reduce=backward_reduce,
    batch_norm_backward_elemt=backward_elemt)


def batch():
    generator = torch.Generator().manual_seed(0)
    shape = (sum(SHARES), 5, 2, 3, 4)
    return (1 + 2 * torch.randn(shape, generator=generator).double(),
            torch.randn(shape, generator=generator).double())


def normalized(layer, x, upstream):
    """Output, gradients and running statistics of two steps."""
    layer = layer.double().train()
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1, 6))
        layer.bias.copy_(torch.arange(5))
    x.requires_grad_()
    for _ in range(2):
        out = layer(x)
        out.backward(upstream)
    return dict(
        out=out.detach(), x=x.grad, weight=layer.weight.grad,
        bias=layer.bias.grad, mean=layer.running_mean, var=layer.running_var,
        batches=layer.num_batches_tracked)


def one_rank(rank, folder):
    for name, formula in FORMULAS.items():
        setattr(torch, name, formula)
    dist.init_process_group(
        'gloo', f'file://{folder}/store', rank=rank, world_size=len(SHARES))
    x, upstream = (part.split(SHARES)[rank].clone() for part in batch())
    if rank:
        x = x.contiguous(memory_format=torch.channels_last_3d)
    torch.save(normalized(SyncBatchNorm(5, eps=EPS), x, upstream),
               f'{folder}/{rank}')
    dist.destroy_process_group()


def test_ranks_are_normalized_as_one(tmp_path):
    spawn(one_rank, (str(tmp_path), ), len(SHARES))
    ranks = [torch.load(tmp_path / str(rank)) for rank in range(len(SHARES))]
    whole = normalized(nn.BatchNorm3d(5, eps=EPS), *batch())
    for name in ('out', 'x'):
        torch.testing.assert_close(
            torch.cat([rank[name] for rank in ranks]), whole[name])
    for name in ('weight', 'bias'):  # which DDP adds up
        torch.testing.assert_close(
            sum(rank[name] for rank in ranks), whole[name])
    for rank in ranks:
        for name in ('mean', 'var', 'batches'):
            torch.testing.assert_close(rank[name], whole[name])


@pytest.mark.parametrize('train', [True, False])
def test_one_process_has_a_plain_batch_norm(train):
    layers = SyncBatchNorm(5), nn.BatchNorm3d(5)
    x, _ = batch()
    for layer in layers:
        layer.double().train(train)
    assert torch.equal(layers[0](x), layers[1](x))
    assert torch.equal(layers[0].running_var, layers[1].running_var)
