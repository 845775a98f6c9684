"""MMEngine 0.10 cannot join ranks without GPUs."""
import functools
import logging
import os

import torch
from mmengine.device import get_device
from mmengine.dist import get_backend, get_world_size, init_dist
from mmengine.logging import print_log
from mmengine.model import MMDistributedDataParallel
from mmengine.model import convert_sync_batchnorm as convert
from mmengine.runner import runner

from .sync_batch_norm import SyncBatchNorm

# Seconds that ranks of unequal work wait for one another: a week (ours).
LONGEST_WAIT = 7 * 24 * 3600


def join_ranks_without_gpus() -> None:
    """Let MMEngine's runner join several processes on CPUs.

    It selects a CUDA device before it joins them, keeps to the config's
    ``nccl``, hands the CUDA device to ``DistributedDataParallel``, which
    refuses one for weights on a CPU, and converts to SyncBN, which torch has
    only for GPUs. With GPUs, a line of the log is added, which tells whose
    batches BatchNorm takes its statistics from, and SyncBN layers get the
    forward pass of this package. No thread reports it; written for
    MMEngine 0.10.
    """
    runner.convert_sync_batchnorm = convert_sync_batchnorm
    if get_device() != 'cpu':
        return
    runner.init_dist = init_dist_without_gpus
    init = MMDistributedDataParallel.__init__
    if hasattr(init, '__wrapped__'):
        return

    @functools.wraps(init)
    def init_on_cpu(self, module, *args, device_ids=None, **kwargs) -> None:
        print_log(
            f'{get_world_size()} ranks on CPUs, joined by {get_backend()}',
            'current')
        init(self, module, *args, **kwargs)

    MMDistributedDataParallel.__init__ = init_on_cpu


def join_ranks(launcher: str, local_rank: int = 0) -> None:
    """Join the processes of a launcher, with GPUs or without.

    Args:
        launcher (str): ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        local_rank (int): Where the launcher does not say it in
            ``LOCAL_RANK``. Defaults to 0.
    """
    if launcher == 'none':
        return
    os.environ.setdefault('LOCAL_RANK', str(local_rank))
    join = init_dist_without_gpus if get_device() == 'cpu' else init_dist
    join(launcher, timeout=LONGEST_WAIT)


def init_dist_without_gpus(launcher: str,
                           backend: str = 'nccl',
                           **kwargs) -> None:
    """MMEngine's ``init_dist`` with ``gloo`` in the place of ``nccl``.

    Args:
        launcher (str): ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        backend (str): torch's name of it. Defaults to ``'nccl'``.
        **kwargs: As for MMEngine's.
    """
    set_device = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        init_dist(launcher, 'gloo' if 'nccl' in backend else backend, **kwargs)
    finally:
        torch.cuda.set_device = set_device


def convert_sync_batchnorm(module: torch.nn.Module,
                           implementation: str = 'torch') -> torch.nn.Module:
    """MMEngine's, but leaves a model on CPUs as it is; both say so.

    In the place of torch's layer comes one that does not wait for the device.

    Args:
        module (nn.Module): The model.
        implementation (str): ``'torch'`` or ``'mmcv'``.

    Returns:
        nn.Module: The model, converted or not.
    """
    if get_device() == 'cpu':
        print_log(
            'BatchNorm: statistics of each rank by itself, for SyncBN needs '
            'GPUs', 'current', logging.WARNING)
        return module
    print_log('BatchNorm: statistics over all ranks (SyncBN)', 'current')
    module = convert(module, implementation)
    for layer in module.modules():
        if type(layer) is torch.nn.SyncBatchNorm:
            # It has the same state, and another forward pass.
            layer.__class__ = SyncBatchNorm
    return module
