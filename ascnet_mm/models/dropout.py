"""Dropout that is the same in a resumed run and on several ranks."""
from typing import Sequence

import numpy as np
import torch
from torch import Tensor

from .data_preprocessor.copying import copy_together


def sample_dropout(x: Tensor, share: float, seeds: Sequence[int]) -> Tensor:
    """Dropout whose draws depend on the samples' seeds alone.

    ``nn.Dropout`` draws from the device's generator, whose state neither a
    checkpoint nor another rank has.

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
    # The second word keeps these draws apart from the preprocessor's.
    kept = np.stack([
        np.random.default_rng((seed, 3)).random(x.shape[1], np.float32)
        for seed in seeds
    ]) >= share
    kept = copy_together(dict(kept=torch.from_numpy(kept)), x.device)['kept']
    return x * kept / (1 - share)
