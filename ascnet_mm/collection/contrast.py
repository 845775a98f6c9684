"""Features that tell look-alikes apart: centered, whitened, of unit length.

Raw features of an encoder crowd in a few directions, and any two clips are
similar. What all clips have in common says nothing about copies; it is
subtracted, and the directions in which clips differ most are shrunk.
"""
from typing import Sequence, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from ..evaluation.search import require_numbers
from .features import Features, UnitRows

# Rows that are read at a time
BLOCK = 2**14
# Share of the mean variance that is added to that of each direction: few clips
# make no singular matrix. Ours, tried on the videos of docs/collections.md.
RIDGE = 0.1
# A variance of unit rows that is due to rounding
SAME = 1e-12


class Contrast:
    """Mean and whitening of the clips of collections.

    Args:
        features (Sequence[Features | np.ndarray]): ``[N, C]`` each, fitted
            on together.

    Raises:
        InputError: If they hold NaN, or all are the same.

    Examples:
        >>> rows = np.random.default_rng(0).normal(size=(50, 4)) + 9
        >>> found = Contrast([rows]).rows(rows)[:]
        >>> found.shape, bool(found.mean().abs() < 0.1)
        (torch.Size([50, 4]), True)
    """

    def __init__(self,
                 features: Sequence[Union[Features, np.ndarray]]) -> None:
        channels = features[0].shape[1]
        total = torch.zeros(channels, dtype=torch.double)
        products = torch.zeros(channels, channels, dtype=torch.double)
        count = 0
        for part in features:
            unit = UnitRows(part)
            for start in range(0, len(part), BLOCK):
                block = unit[start:start + BLOCK].double()
                total += block.sum(dim=0)
                products += block.T @ block
                count += len(block)
        mean = total / max(count, 1)
        covariance = products / max(count, 1) - torch.outer(mean, mean)
        require_numbers(covariance)
        if count > 1 and covariance.trace() < SAME:
            raise InputError(
                'all clips have the same features, which tell no video from '
                'another: all show the same picture, or the encoder has '
                'collapsed')
        variances, directions = torch.linalg.eigh(covariance)
        variances = variances.clamp(min=0)
        scales = (variances + RIDGE * variances.mean() + 1e-12).rsqrt()
        self._mean = mean.float()
        self._projection = (directions * scales).float()

    def rows(self, features: Union[Features, np.ndarray]) -> 'ContrastRows':
        """Rows of a collection, as :class:`UnitRows` gives them."""
        return ContrastRows(features, self._mean, self._projection)


class ContrastRows(UnitRows):
    """Rows that are centered and whitened, of unit length.

    A slice ``[a:b]`` is a new float32 Tensor ``[b - a, C]``.
    """

    def __init__(self, features: Union[Features, np.ndarray], mean: Tensor,
                 projection: Tensor) -> None:
        super().__init__(features)
        self._mean = mean
        self._projection = projection

    def __getitem__(self, rows: slice) -> Tensor:
        block = (super().__getitem__(rows) - self._mean) @ self._projection
        return F.normalize(block, dim=1, out=block)
