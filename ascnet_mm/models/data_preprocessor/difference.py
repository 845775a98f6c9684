"""Differences of frames in place of frames, on the device."""
from typing import Sequence

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..draws import sample_generator


class FrameDifference:
    """Replaces some or all clips by differences of neighboring frames.

    Whatever stands still is then gone. Tao et al., *Self-supervised video
    representation learning using inter-intra contrastive framework*, ACM
    Multimedia 2020, call them residual clips.

    Args:
        prob (float): Probability in training. With 1, the differences are the
            encoder's input, in testing too; below 1, they are an augmentation.

    Raises:
        InputError: If ``prob`` is outside [0, 1].

    Examples:
        >>> clip = torch.tensor([1., 2., 4.]).view(1, 1, 3, 1, 1)
        >>> FrameDifference(1.).apply(clip, torch.tensor([True])).flatten()
        tensor([1., 2., 2.])
    """

    def __init__(self, prob: float) -> None:
        if not 0 <= prob <= 1:
            raise InputError('data_preprocessor.difference: prob must lie in '
                             f'[0, 1], not {prob}')
        self.prob = prob

    def draw(self, seeds: Sequence[int], clips: int) -> np.ndarray:
        """Which clips it is, from the samples' seeds alone.

        Args:
            seeds (Sequence[int]): A seed per sample, B.
            clips (int): Clips per sample.

        Returns:
            np.ndarray: bool ``[B, clips]``.
        """
        return np.stack([
            sample_generator(seed, 'difference').random(clips) < self.prob
            for seed in seeds
        ])

    @staticmethod
    def apply(clips: Tensor, chosen: Tensor) -> Tensor:
        """Take differences, the last one twice so that all frames stay.

        Args:
            clips (Tensor): ``[N, C, T, H, W]``.
            chosen (Tensor): Which clips it is, bool ``[N]``.

        Returns:
            Tensor: The same shape; of a single frame zero.
        """
        frames = clips.shape[2]
        following = torch.arange(frames, device=clips.device) + 1
        following = following.clamp(max=frames - 1)
        own = (following - 1).clamp(min=0)
        difference = clips[:, :, following] - clips[:, :, own]
        return torch.where(chosen[:, None, None, None, None], difference,
                           clips)
