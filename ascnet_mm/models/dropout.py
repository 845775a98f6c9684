"""Dropout that is the same on any number of ranks."""
from typing import Sequence

import numpy as np
import torch
from torch import Tensor

from .data_preprocessor.copying import copy_together
from .draws import sample_generator


def sample_dropout(x: Tensor, share: float, seeds: Sequence[int]) -> Tensor:
    """Dropout whose draws depend on the samples' seeds alone.

    ``nn.Dropout`` draws from torch's global generator, which
    :class:`SampleSeedHook` seeds for each rank, so that two ranks do not equal
    one process.

    Args:
        x (Tensor): Rows, ``[N, C]``.
        share (float): Of the values that become 0, from 0 to below 1; the
            others are divided by 1 - share.
        seeds (Sequence[int]): ``sample_seed`` of the rows, N.

    Returns:
        Tensor: The same shape and dtype.

    Examples:
        >>> dropped = sample_dropout(torch.ones(2, 1000), 0.5, [7, 7])
        >>> dropped.unique(), torch.equal(dropped[0], dropped[1])
        (tensor([0., 2.]), True)
    """
    kept = np.stack([
        sample_generator(seed, 'dropout').random(x.shape[1], np.float32)
        for seed in seeds
    ]) >= share
    kept = copy_together(dict(kept=torch.from_numpy(kept)), x.device)['kept']
    return x * kept / (1 - share)
