"""Turned and mirrored recordings."""
import math
from typing import NamedTuple, Tuple

import av
import numpy as np


class Orientation(NamedTuple):
    """How stored pictures are put upright, in this order.

    Attributes:
        transposed (bool): Rows become columns.
        mirrored (bool): Then left and right change places.
        flipped (bool): Then top and bottom do.

    Examples:
        >>> Orientation(mirrored=True).apply(np.array([[1, 2], [3, 4]]))
        array([[2, 1],
               [4, 3]])
    """
    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """A view of ``[H, W, ...]`` that is upright."""
        if self.transposed:
            picture = picture.swapaxes(0, 1)
        if self.mirrored:
            picture = picture[:, ::-1]
        return picture[::-1] if self.flipped else picture

    def apply_to_siting(self, siting: Tuple[float, float]
                        ) -> Tuple[float, float]:
        """Where color samples lie in the upright picture, of even size.

        Args:
            siting (tuple[float, float]): Of :func:`chroma_siting`.
        """
        across, down = siting[::-1] if self.transposed else siting
        # Seen from the other side a pair of pixels ends one pixel further.
        return (1 - across if self.mirrored else across,
                1 - down if self.flipped else down)


def orientation(frame: av.VideoFrame) -> Orientation:
    """How a frame is put upright, by its display matrix.

    A turn is taken to the nearest multiple of 90 degrees, stretching is
    ignored.

    Examples:
        >>> picture = np.zeros((32, 48, 3), np.uint8)
        >>> orientation(av.VideoFrame.from_ndarray(picture))
        Orientation(transposed=False, mirrored=False, flipped=False)
    """
    try:
        data = frame.side_data.get('DISPLAYMATRIX')
    except ValueError:
        # PyAV does not know all kinds of side data: then without mirrors.
        angle = math.radians(frame.rotation)
        cos, sin = math.cos(angle), math.sin(angle)
        return _by_matrix(cos, -sin, sin, cos)
    if data is None:
        return Orientation()
    return _by_matrix(*np.frombuffer(data, np.int32)[[0, 1, 3, 4]].tolist())


def _by_matrix(a: float, b: float, c: float, d: float) -> Orientation:
    # (x, y) is shown at (a x + c y, b x + d y).
    crossed = abs(b) > abs(a)
    across, down = (c, b) if crossed else (a, d)
    return Orientation(crossed, across < 0, down < 0)
