"""Clips that travel to the device as planes of luma and chroma (4:2:0).

The planes alone are no picture: how a file codes its colors, and what is to
be cut out of them, go with them as one value.
"""
from typing import NamedTuple, Tuple


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
