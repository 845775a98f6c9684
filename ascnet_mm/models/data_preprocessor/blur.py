"""Gaussian blur of clips, on the device."""
import math
from typing import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from ..draws import sample_generator


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
            sample_generator(seed, 'blur').random((clips, 2))
            for seed in seeds
        ])
        low, high = self.sigma
        return np.where(uniform[..., 0] < self.prob,
                        low + (high - low) * uniform[..., 1], 0)

    def kernels(self, sigmas: np.ndarray, length: int) -> Tensor:
        """Kernels along an axis of the frames.

        Args:
            sigmas (np.ndarray): Deviations ``[...]``, 0 for no blur.
            length (int): Pixels of the axis.

        Returns:
            Tensor: float32 ``[..., taps]``, the sum of each 1. A kernel
            reaches three times its deviation, or to the far edge.

        Examples:
            >>> kernels = GaussianBlur().kernels(np.array([0., 0.3]), 112)
            >>> kernels.shape, kernels[0].max(), (kernels[1] > 0).sum()
            (torch.Size([2, 13]), tensor(1.), tensor(3))
        """
        reach = min(math.ceil(3 * self.sigma[1]), length - 1)
        steps = np.arange(-reach, reach + 1)
        sigmas = sigmas[..., None]
        with np.errstate(divide='ignore', invalid='ignore'):
            weights = np.exp(-0.5 * (steps / sigmas)**2)
        weights[..., reach] = 1
        weights *= np.abs(steps) <= np.ceil(3 * sigmas)
        weights /= weights.sum(axis=-1, keepdims=True)
        return torch.from_numpy(weights.astype(np.float32))

    @staticmethod
    def apply(clips: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """Blur clips.

        Args:
            clips (Tensor): ``[B, 3, T, H, W]``.
            down (Tensor): Kernels ``[B, taps]`` of :meth:`kernels` for H.
            across (Tensor): Likewise for W.

        Returns:
            Tensor: Same shape; edges are mirrored.
        """
        # A channel per frame, each with its clip's kernel
        frames = clips.view(1, -1, *clips.shape[-2:])
        for kernels, vertical in ((down, True), (across, False)):
            taps = kernels.shape[1]
            weights = kernels[:, None].expand(
                -1, clips.shape[1] * clips.shape[2], -1)
            shape = (-1, 1, taps, 1) if vertical else (-1, 1, 1, taps)
            reach = taps // 2
            margin = (0, 0, reach, reach) if vertical else (reach, reach, 0, 0)
            frames = F.conv2d(
                F.pad(frames, margin, mode='reflect'), weights.reshape(shape),
                groups=frames.shape[1])
        return frames.view_as(clips)
