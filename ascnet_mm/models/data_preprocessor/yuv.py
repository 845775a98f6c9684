"""Planes of luma and chroma, resized and made RGB on the device."""
from functools import lru_cache
from typing import Dict, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ...yuv420 import Yuv420, luma_and_chroma

# Weights of red and blue in the luma of ITU-R BT.601 and BT.709
LUMA = {False: (0.299, 0.114), True: (0.2126, 0.0722)}


def sample_positions(cuts: Sequence[Yuv420]) -> Dict[str, Tensor]:
    """Between which samples the pixels of resized, mirrored clips lie.

    Places are computed in double precision and from a clip's own crop, so
    that its pixels do not depend on the batch that it is in.

    Args:
        cuts (Sequence[Yuv420]): Of B samples with equally many clips.

    Returns:
        dict[str, Tensor]: ``across`` and ``down``, float32
        ``[N, parts, 3, pixels]`` of the first clips of all samples, then of
        the second ones, ...: in luma and in chroma, the sample before a
        pixel, the one after it, and the share of the latter.

    Examples:
        >>> from ascnet_mm.yuv420 import ColorCoding
        >>> cut = Yuv420(((0, 0, 8, 4), ), (False, ), (2, 2),
        ...              ColorCoding(False, False, (0.5, 0.5)))
        >>> sample_positions([cut])['across'][0, 0]
        tensor([[1.0000, 5.0000],
                [2.0000, 6.0000],
                [0.5000, 0.5000]])
    """
    # Crops [clips, B, axes]; scale and siting [B, axes]
    crops = np.array([of.crops for of in cuts], float)[..., 2:]
    crops = crops.swapaxes(0, 1)
    flips = np.array([of.flips for of in cuts]).T
    siting = np.array([of.coding.siting for of in cuts], float)
    found = {}
    for axis, (name, length) in enumerate(
            zip(('across', 'down'), cuts[0].scale)):
        step = crops[..., axis, None] / length
        places = step * (np.arange(length) + 0.5) - 0.5
        if name == 'across':  # from the right to the left
            places = np.where(flips[..., None], places[..., ::-1], places)
        parts = []
        for share, offset in ((1, 0), (2, siting[:, axis, None])):
            last = crops[..., axis, None] / share - 1
            place = ((places - offset) / share).clip(0, last)
            before = np.floor(place)
            parts.append((before, np.minimum(before + 1, last),
                          place - before))
        # [parts, 3, clips, B, pixels]
        ordered = np.array(parts).transpose(2, 3, 0, 1, 4)
        found[name] = torch.from_numpy(
            ordered.astype(np.float32)).flatten(0, 1)
    return found


def resize(planes: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Resize and mirror clips.

    Luma and chroma are brought to the same size by one bilinear step each,
    with the weights of OpenCV's ``INTER_LINEAR``, the chroma from where its
    samples lie. Beyond the crop its edge goes on.

    Args:
        planes (Tensor): uint8 ``[clips, B, T, 3 H / 2, W]``, what
            :func:`ascnet_mm.yuv420.cut_planes` gives, clip by clip.
        across (Tensor): ``[N, parts, 3, w]`` of :func:`sample_positions`, on
            the same device.
        down (Tensor): Likewise, ``[N, parts, 3, h]``.

    Returns:
        Tensor: Y, U and V in 0 to 255, float32 ``[N, 3, T, h, w]``.

    Examples:
        >>> from ascnet_mm.yuv420 import ColorCoding
        >>> cut = Yuv420(((0, 0, 8, 4), ), (False, ), (2, 2),
        ...              ColorCoding(False, False, (0.5, 0.5)))
        >>> planes = torch.arange(48, dtype=torch.uint8).view(1, 1, 1, 6, 8)
        >>> resize(planes, **sample_positions([cut]))[0, 0]
        tensor([[[ 5.5000,  9.5000],
                 [21.5000, 25.5000]]])
    """
    clip = torch.arange(len(across), device=planes.device)[:, None]
    columns, rows = across[:, :, :2].long(), down[:, :, :2].long()
    channels = []
    for index, part in enumerate(luma_and_chroma(planes)):
        # [N, H, C, T, W], [N, h, C, T, W], [N, W, C, T, h], [N, w, C, T, h]
        part = part.permute(0, 1, 4, 3, 2, 5).to(
            torch.float32, memory_format=torch.contiguous_format).flatten(0, 1)
        part = _between(part, clip, *rows[:, index].unbind(dim=1),
                        down[:, index, 2]).permute(0, 4, 2, 3, 1)
        part = _between(part, clip, *columns[:, index].unbind(dim=1),
                        across[:, index, 2])
        channels.append(part.permute(0, 2, 3, 4, 1))
    return torch.cat(channels, dim=1)


def _between(lines: Tensor, clip: Tensor, before: Tensor, after: Tensor,
             share: Tensor) -> Tensor:
    """New lines ``[N, n, ...]`` between lines ``[N, L, ...]``.

    Each element by itself, so that it is the same to the bit in any batch.
    """
    share = share.view(*share.shape, *[1] * (lines.ndim - 2))
    return torch.lerp(lines[clip, before], lines[clip, after], share)


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
