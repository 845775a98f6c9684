"""Planes of luma and chroma, resized and made RGB on the device."""
from functools import lru_cache
from typing import Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...yuv420 import Yuv420, luma_and_chroma

# Weights of red and blue in the luma of ITU-R BT.601 and BT.709
LUMA = {False: (0.299, 0.114), True: (0.2126, 0.0722)}


def sample_positions(cuts: Sequence[Yuv420],
                     size: Tuple[int, int]) -> Tensor:
    """Where the pixels of resized and mirrored clips are taken from.

    Args:
        cuts (Sequence[Yuv420]): Of B samples with equally many clips.
        size (tuple[int, int]): Height H and width W of the batch that
            :func:`ascnet_mm.yuv420.cut_planes` made of them.

    Returns:
        Tensor: float32 ``[N, 4, axes, parts]`` of the first clips of all
        samples, then of the second ones, ...: place of the first pixel, step
        to the next one, smallest and largest place, in the units of
        ``grid_sample``; across and down; in luma and in chroma.

    Examples:
        >>> from ascnet_mm.yuv420 import ColorCoding
        >>> cut = Yuv420(((0, 0, 8, 4), ), (False, ), (2, 2),
        ...              ColorCoding(False, False, (0.5, 0.5)))
        >>> across, down = sample_positions([cut], (4, 8))[0, ..., 0].T
        >>> across
        tensor([-0.5000,  1.0000, -0.8750,  0.8750])
    """
    # Crops [B, clips, axes]; scale [B, 1, axes]; siting [B, 1, axes]
    crops = np.array([of.crops for of in cuts], float)[..., 2:]
    flips = np.array([of.flips for of in cuts])
    scale = np.array([of.scale for of in cuts], float)[:, None]
    siting = np.array([of.coding.siting for of in cuts], float)[:, None]
    step = crops / scale
    first = step / 2 - 0.5
    # From the right to the left
    first[..., 0] = np.where(
        flips, crops[..., 0] - 1 - first[..., 0], first[..., 0])
    step[..., 0] *= np.where(flips, -1, 1)
    places = []
    for share, offset in ((1, 0), (2, siting)):
        # grid_sample's picture reaches from -1 to 1 over ``length`` samples.
        length = np.array(size[::-1]) / share
        places.append([
            (2 * (first - offset) / share + 1) / length - 1,
            2 * step / share / length,
            np.broadcast_to(1 / length - 1, crops.shape),
            (2 * crops / share - 1) / length - 1,
        ])
    # [parts, 4, B, clips, axes]
    ordered = np.array(places).transpose(3, 2, 1, 4, 0).astype(np.float32)
    return torch.from_numpy(ordered).flatten(0, 1)


def resize(planes: Tensor, positions: Tensor,
           scale: Tuple[int, int]) -> Tensor:
    """Resize and mirror clips.

    Luma and chroma are brought to the same size by one bilinear step each,
    with the weights of OpenCV's ``INTER_LINEAR``, the chroma from where its
    samples lie. Beyond the crop its edge goes on.

    Args:
        planes (Tensor): uint8 ``[N, T, 3 H / 2, W]``, clips of what
            :func:`ascnet_mm.yuv420.cut_planes` gives.
        positions (Tensor): ``[N, 4, axes, parts]`` of
            :func:`sample_positions`, on the same device.
        scale (tuple[int, int]): Width w and height h of the result.

    Returns:
        Tensor: Y, U and V in 0 to 255, float32 ``[N, 3, T, h, w]``.

    Examples:
        >>> from ascnet_mm.yuv420 import ColorCoding
        >>> cut = Yuv420(((0, 0, 8, 4), ), (False, ), (2, 2),
        ...              ColorCoding(False, False, (0.5, 0.5)))
        >>> planes = torch.arange(48, dtype=torch.uint8).view(1, 1, 6, 8)
        >>> positions = sample_positions([cut], (4, 8))
        >>> resize(planes, positions, cut.scale)[0, 0]
        tensor([[[ 5.5000,  9.5000],
                 [21.5000, 25.5000]]])
    """
    # [4, axes, parts, N]
    positions = positions.permute(1, 2, 3, 0)
    across, down = (
        _line(*positions[:, axis, ..., None], length)
        for axis, length in enumerate(scale))
    shape = (*positions.shape[2:], *scale[::-1])
    grids = torch.stack([
        across[..., None, :].expand(shape), down[..., None].expand(shape)
    ], dim=-1)
    channels = []
    for part, grid in zip(luma_and_chroma(planes), grids):
        part = part.transpose(1, 2).to(
            torch.float32, memory_format=torch.contiguous_format)
        channels.append(
            F.grid_sample(
                part.flatten(1, 2), grid, mode='bilinear',
                padding_mode='border', align_corners=False).unflatten(
                    1, part.shape[1:3]))
    return torch.cat(channels, dim=1)


def _line(first: Tensor, step: Tensor, low: Tensor, high: Tensor,
          length: int) -> Tensor:
    """Places of a line of pixels, ``[..., length]``."""
    pixels = torch.arange(length, dtype=first.dtype, device=first.device)
    return torch.addcmul(first, step, pixels).clamp_(low, high)


@lru_cache
def yuv_to_rgb(bt709: bool, full_range: bool) -> Tuple[Tensor, Tensor]:
    """RGB in 0 to 1 as an affine map of Y, U and V in 0 to 255.

    Args:
        bt709 (bool): The matrix of ITU-R BT.709; else that of BT.601.
        full_range (bool): Luma from 0 to 255; else from 16 to 235, and
            chroma from 16 to 240.

    Returns:
        tuple[Tensor, Tensor]: float32 matrix ``[3, 3]`` and offset
        ``[3, 1]``.
    """
    red, blue = LUMA[bt709]
    green = 1 - red - blue
    matrix = torch.tensor([
        [1, 0, 2 * (1 - red)],
        [1, -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
        [1, 2 * (1 - blue), 0],
    ])
    ranges = (255, 255, 255) if full_range else (219, 224, 224)
    zero = torch.tensor([[0.], [128.], [128.]])
    if not full_range:
        zero[0] = 16
    matrix = matrix / torch.tensor(ranges)
    return matrix, -matrix @ zero
