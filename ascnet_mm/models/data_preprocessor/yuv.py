"""Planes of luma and chroma, cut and made RGB on the device."""
from functools import lru_cache
from typing import Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Weights of red and blue in the luma of ITU-R BT.601 and BT.709
LUMA = {False: (0.299, 0.114), True: (0.2126, 0.0722)}


def cut_clip(planes: Tensor, crop: Sequence[int], flip: bool,
             scale: Sequence[int], siting: Sequence[float]) -> Tensor:
    """Crop, resize and mirror a clip.

    Luma and chroma are brought to the same size by one bilinear step each,
    with the weights of OpenCV's ``INTER_LINEAR``, the chroma from where its
    samples lie. Beyond the crop its edge goes on.

    Args:
        planes (Tensor): uint8 ``[T, 3 H / 2, W]`` of ``DecodePlanes``.
        crop (Sequence[int]): Left, top, width and height, all even.
        flip (bool): Whether to mirror.
        scale (Sequence[int]): Width w and height h of the result.
        siting (Sequence[float]): How many pixels of the luma the first sample
            of the chroma lies right of and below the first pixel.

    Returns:
        Tensor: Y, U and V in 0 to 255, float32 ``[T, 3, h, w]``.
    """
    length, rows, width = planes.shape
    height = rows * 2 // 3
    luma = planes[:, None, :height]
    chroma = planes[:, height:].reshape(length, 2, height // 2, width // 2)
    left, top, w, h = crop
    luma, chroma = (
        part[..., top // step:(top + h) // step,
             left // step:(left + w) // step].float()
        for step, part in ((1, luma), (2, chroma)))
    size = tuple(scale)[::-1]
    if luma.shape[2:] != size:
        luma = F.interpolate(
            luma, size=size, mode='bilinear', align_corners=False)
    clip = torch.cat([luma, resize_chroma(chroma, size, siting)], dim=1)
    return clip.flip(3) if flip else clip


def resize_chroma(chroma: Tensor, size: Sequence[int],
                  siting: Sequence[float]) -> Tensor:
    """Bring chroma of half the luma's size to another size of the luma.

    Args:
        chroma (Tensor): float32 ``[T, 2, H / 2, W / 2]``.
        size (Sequence[int]): Height h and width w of the result.
        siting (Sequence[float]): As for :func:`cut_clip`.

    Returns:
        Tensor: float32 ``[T, 2, h, w]``.
    """
    # In grid_sample's units the picture reaches from -1 to 1. Samples in the
    # middle of two pixels need no shift.
    across, down = (
        torch.linspace(1 / length - 1, 1 - 1 / length, length,
                       device=chroma.device) + (0.5 - offset) / samples
        for length, samples, offset in zip(
            size[::-1], chroma.shape[:1:-1], siting))
    grid = torch.stack(torch.meshgrid(across, down, indexing='xy'), dim=2)
    return F.grid_sample(
        chroma, grid.expand(len(chroma), -1, -1, -1), mode='bilinear',
        padding_mode='border', align_corners=False)


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
