"""Clips that travel to the device as planes of luma and chroma (4:2:0).

The planes alone are no picture: how a file codes its colors, and what is to
be cut out of them, go with them as one value.
"""
from typing import Callable, List, NamedTuple, Sequence, Tuple

from torch import Tensor

from .errors import InputError


class ColorCoding(NamedTuple):
    """How a file codes its colors.

    Attributes:
        bt709 (bool): By the matrix of ITU-R BT.709; else by BT.601's.
        full_range (bool): Luma from 0 to 255; else from 16 to 235, and
            chroma from 16 to 240.
        siting (tuple[float, float]): How many pixels of the luma the first
            sample of the chroma lies right of and below the first pixel.
    """
    bt709: bool
    full_range: bool
    siting: Tuple[float, float]


class Yuv420(NamedTuple):
    """What becomes of the planes of a video's clips on the device.

    Attributes:
        crops (tuple[tuple[int, int, int, int]]): Left, top, width and height
            of each clip, all even.
        flips (tuple[bool]): Whether each clip is mirrored.
        scale (tuple[int, int]): Width and height that they are resized to.
        coding (ColorCoding): The file's.

    Examples:
        >>> coding = ColorCoding(False, False, (0., 0.5))
        >>> clips = Yuv420(((0, 0, 8, 8), (2, 0, 4, 4)), (False, True),
        ...                (4, 4), coding)
        >>> clips.of(slice(1, 2)).crops
        ((2, 0, 4, 4),)
    """
    crops: Tuple[Tuple[int, int, int, int], ...]
    flips: Tuple[bool, ...]
    scale: Tuple[int, int]
    coding: ColorCoding

    def __deepcopy__(self, memo: dict) -> 'Yuv420':
        # Nothing in it can change; data samples copy their metainfo.
        return self

    def of(self, clips: slice) -> 'Yuv420':
        """The same for some of the clips."""
        return self._replace(crops=self.crops[clips], flips=self.flips[clips])


def cuts_of(samples: Sequence) -> List[Yuv420]:
    """What is to be cut out of the planes of some samples.

    Args:
        samples (Sequence[ActionDataSample]): Theirs.

    Raises:
        InputError: If the pipeline does not say it.
    """
    if not all('yuv420' in sample for sample in samples):
        raise InputError(
            'planes came without their crops: a pipeline with DecodePlanes '
            'needs SampleCrops after it, and PackClips at its end in place of '
            'PackActionInputs')
    return [sample.yuv420 for sample in samples]


def luma_and_chroma(frames: Tensor) -> Tuple[Tensor, Tensor]:
    """Views of the planes of frames.

    Args:
        frames (Tensor): uint8 ``[..., 3 H / 2, W]``: H rows of luma, H / 2
            rows that hold both chroma planes, one after the other.

    Returns:
        tuple[Tensor, Tensor]: Luma ``[..., 1, H, W]`` and chroma
        ``[..., 2, H / 2, W / 2]``.

    Examples:
        >>> import torch
        >>> luma, chroma = luma_and_chroma(torch.arange(12).view(3, 4))
        >>> luma.shape, chroma.tolist()
        (torch.Size([1, 2, 4]), [[[8, 9]], [[10, 11]]])
    """
    rows, width = frames.shape[-2:]
    height = rows * 2 // 3
    chroma = frames[..., height:, :].flatten(-2)
    return (frames[..., None, :height, :],
            chroma.unflatten(-1, (2, height // 2, width // 2)))


def cut_planes(clips: Sequence[Tensor],
               cuts: Sequence[Yuv420],
               zeros: Callable[[Sequence[int]], Tensor]) -> Tensor:
    """Cut the crops of a batch into one tensor.

    Args:
        clips (Sequence[Tensor]): Planes of each sample, uint8
            ``[clips, T, 3 H / 2, W]``, of any size.
        cuts (Sequence[Yuv420]): What is to be cut out of them.
        zeros (Callable): Makes the tensor, by its shape.

    Returns:
        Tensor: uint8 ``[B, clips, T, 3 h / 2, w]``, as high and wide as the
        highest and the widest crop. Each crop lies in the top left corner
        of its planes, beside zeros.

    Examples:
        >>> import torch
        >>> cut = Yuv420(((2, 0, 4, 2), ), (False, ), (8, 8),
        ...              ColorCoding(False, False, (0., 0.5)))
        >>> planes = torch.arange(48, dtype=torch.uint8).view(1, 1, 6, 8)
        >>> cut_planes([planes], [cut], planes.new_zeros)
        tensor([[[[[ 2,  3,  4,  5],
                   [10, 11, 12, 13],
                   [33, 34, 41, 42]]]]], dtype=torch.uint8)
    """
    width, height = (
        max(crop[axis] for cut in cuts for crop in cut.crops)
        for axis in (2, 3))
    batch = zeros((len(clips), *clips[0].shape[:2], height * 3 // 2, width))
    for sample, planes, cut in zip(batch, clips, cuts):
        for out, clip, (left, top, w, h) in zip(sample, planes, cut.crops):
            for step, to, part in zip(
                (1, 2), luma_and_chroma(out), luma_and_chroma(clip)):
                to[..., :h // step, :w // step] = part[
                    ..., top // step:(top + h) // step,
                    left // step:(left + w) // step]
    return batch
