"""Rows and means of all ranks, through which gradients go back."""
import torch
from mmengine.dist import all_gather, all_reduce, get_rank, get_world_size
from torch import Tensor


def gather_rows(rows: Tensor) -> Tensor:
    """The rows of all ranks, one rank after the other.

    Each rank's rows get the gradient of the losses of all ranks, so that the
    mean over the ranks, which distributed training takes, is the gradient of
    one process with the same global batch.

    Args:
        rows (Tensor): ``[N, D]``, N being the same on all ranks.

    Returns:
        Tensor: ``[ranks * N, D]``; the very rows where there is one process.

    Examples:
        >>> rows = torch.rand(2, 3)
        >>> gather_rows(rows) is rows
        True
    """
    return rows if get_world_size() == 1 else _Gather.apply(rows)


def mean_over_ranks(x: Tensor) -> Tensor:
    """The mean of what each rank has.

    Its gradient, once distributed training has taken the mean over the ranks,
    is that of one process with the same global batch.

    Args:
        x (Tensor): Of one shape on all ranks.

    Returns:
        Tensor: As ``x``; ``x`` itself where there is one process.

    Examples:
        >>> mean_over_ranks(torch.tensor(3.))
        tensor(3.)
    """
    return x if get_world_size() == 1 else gather_rows(x[None]).mean(dim=0)


class _Gather(torch.autograd.Function):

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        ctx.count = len(rows)
        return torch.cat(all_gather(rows.contiguous()))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        all_reduce(gradient)
        return gradient.narrow(0, get_rank() * ctx.count, ctx.count)
