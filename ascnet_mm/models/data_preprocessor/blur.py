"""Gaussian blur of clips, on the device."""
import math
from typing import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError


class GaussianBlur:
    """Blur of some clips, the same for all frames of a clip.

    Args:
        prob (float): Probability of a blurred clip. Defaults to 0.5
            (SimCLR's).
        sigma (Sequence[float]): Range of the deviation, in pixels. Defaults
            to (0.1, 2.0) (SimCLR's).

    Raises:
        InputError: If ``prob`` is outside [0, 1] or ``sigma`` is no range of
            positive numbers.
    """

    def __init__(self,
                 prob: float = 0.5,
                 sigma: Sequence[float] = (0.1, 2.0)) -> None:
        if not 0 <= prob <= 1 or not 0 < sigma[0] <= sigma[1]:
            raise InputError(
                'data_preprocessor.blur: prob must lie in [0, 1] and sigma be '
                f'a range of positive numbers, not {prob} and {sigma}')
        self.prob = prob
        self.sigma = sigma

    def draw(self, seeds: Sequence[int], clips: int) -> np.ndarray:
        """Deviation of each clip, from the samples' seeds alone.

        Args:
            seeds (Sequence[int]): A seed per sample, B.
            clips (int): Clips per sample.

        Returns:
            np.ndarray: ``[B, clips]``, 0 for no blur.
        """
        uniform = np.stack([
            np.random.default_rng((seed, 2)).random((clips, 2))
            for seed in seeds
        ])
        low, high = self.sigma
        return np.where(uniform[..., 0] < self.prob,
                        low + (high - low) * uniform[..., 1], 0)

    @staticmethod
    def apply(clip: Tensor, sigma: float) -> Tensor:
        """Blur one clip.

        Args:
            clip (Tensor): ``[3, T, H, W]``.
            sigma (float): Deviation of the kernel, which reaches three
                times as far, or to the clip's edge.

        Returns:
            Tensor: Same shape; edges are mirrored.
        """
        frames = clip.flatten(0, 1)[:, None]
        for axis in (2, 3):
            reach = min(math.ceil(3 * sigma), frames.shape[axis] - 1)
            steps = torch.arange(-reach, reach + 1).to(clip)
            kernel = torch.softmax(-0.5 * (steps / sigma)**2, dim=0)
            margin = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0,
                                                             0)
            shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
            frames = F.conv2d(
                F.pad(frames, margin, mode='reflect'), kernel.view(shape))
        return frames.view_as(clip)
