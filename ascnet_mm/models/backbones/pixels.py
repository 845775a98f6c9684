"""Pixels in place of features: what an encoder has to be ahead of."""
from typing import Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class Pixels(nn.Module):
    """An encoder without weights: the small gray frames of a clip.

    Args:
        size (Sequence[int]): Height and width that frames are averaged down
            to. Defaults to (12, 24).
        motion (bool): Subtract the mean frame of each clip, which leaves what
            changes. Defaults to False.

    Examples:
        >>> Pixels(size=(2, 3))(torch.rand(5, 3, 8, 16, 16)).shape
        torch.Size([5, 48])
    """

    def __init__(self, size: Sequence[int] = (12, 24),
                 motion: bool = False) -> None:
        super().__init__()
        self.size = tuple(size)
        self.motion = motion

    def init_weights(self) -> None:
        """There are none."""

    def forward(self, clips: Tensor) -> Tensor:
        """Gray values, frame by frame.

        Args:
            clips (Tensor): ``[N, 3, T, H, W]``.

        Returns:
            Tensor: float32 ``[N, T * h * w]``.
        """
        gray = clips.float().mean(dim=1)
        frames = torch.stack(
            [F.adaptive_avg_pool2d(clip, self.size) for clip in gray])
        if self.motion:
            frames = frames - frames.mean(dim=1, keepdim=True)
        return frames.flatten(1)
