"""torch's SyncBatchNorm makes the CPU wait for the GPU in each layer."""
from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm

# Its name since torch 2.13
_all_gather = getattr(dist, 'all_gather_single', dist.all_gather_into_tensor)


class SyncBatchNorm(nn.SyncBatchNorm):
    """torch's ``SyncBatchNorm`` for ranks that all have samples.

    torch leaves out the ranks without any by a mask of the counts, whose
    result has a shape that only the GPU knows (pytorch/pytorch#78549): a wait
    in each layer, 138 in a step of R3D. Here each rank of each step has a
    sample, as MMEngine's samplers give it one, and nothing is left out.
    The statistics are the same. It can go with a release that does not wait.

    Examples:
        >>> layer = SyncBatchNorm(8)  # as any BatchNorm in one process
        >>> layer(torch.rand(4, 8, 2, 5, 5)).shape
        torch.Size([4, 8, 2, 5, 5])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalize by the statistics of all ranks' samples.

        Args:
            input (Tensor): ``[N, C, ...]``, N at least 1, on a GPU if there
                are several ranks.

        Returns:
            Tensor: Same shape and dtype.
        """
        joined = dist.is_available() and dist.is_initialized()
        if not self.training or not joined or dist.get_world_size(
                self.process_group) == 1:
            return _BatchNorm.forward(self, input)
        if self.momentum is None or not self.track_running_stats:
            return super().forward(input)
        self._check_input_dim(input)
        self.num_batches_tracked.add_(1)
        return _Normalized.apply(
            input, self.weight, self.bias, self.running_mean, self.running_var,
            self.momentum, self.eps, self.process_group)


class _Normalized(torch.autograd.Function):
    """By the kernels that torch has for its own layer."""

    @staticmethod
    def forward(ctx, input: Tensor, weight: Optional[Tensor],
                bias: Optional[Tensor], running_mean: Tensor,
                running_var: Tensor, momentum: float, eps: float,
                group) -> Tensor:
        input = _dense(input)
        channels = input.shape[1]
        mean, invstd = torch.batch_norm_stats(input, eps)
        count = mean.new_full((1, ), input.numel() // channels)
        own = torch.cat((mean, invstd, count))
        of_all = own.new_empty(dist.get_world_size(group) * len(own))
        _all_gather(of_all, own, group)
        means, invstds, counts = of_all.view(-1, len(own)).split(
            (channels, channels, 1), dim=1)
        mean, invstd = torch.batch_norm_gather_stats_with_counts(
            input, means, invstds, running_mean, running_var, momentum, eps,
            counts.flatten())
        ctx.group = group
        ctx.save_for_backward(
            input, weight, mean, invstd, counts.to(torch.int32))
        return torch.batch_norm_elemt(input, weight, bias, mean, invstd, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple:
        input, weight, mean, invstd, counts = ctx.saved_tensors
        gradient = _dense(gradient)
        wanted = ctx.needs_input_grad[:3]
        sum_dy, sum_dy_xmu, of_weight, of_bias = (
            torch.batch_norm_backward_reduce(
                gradient, input, mean, invstd, weight, *wanted))
        of_input = None
        if wanted[0]:
            sums = torch.cat((sum_dy, sum_dy_xmu))
            dist.all_reduce(sums, group=ctx.group)
            of_input = torch.batch_norm_backward_elemt(
                gradient, input, mean, invstd, weight, *sums.chunk(2), counts)
        # Weight and bias are each rank's share: DDP averages them.
        return of_input, of_weight, of_bias, None, None, None, None, None


def _dense(tensor: Tensor) -> Tensor:
    """In one of the two layouts that the kernels take."""
    if tensor.ndim == 5 and tensor.is_contiguous(
            memory_format=torch.channels_last_3d):
        return tensor
    return tensor.contiguous()
