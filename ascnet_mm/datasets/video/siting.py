"""Where the color samples of a picture lie between those of its luma."""
from typing import Tuple

import av
import numpy as np
from av.video.reformatter import Interpolation

# Pixels of a picture to ask with, and what one color sample adds
EDGE, STEP = 16, 20


def chroma_siting(frame: av.VideoFrame) -> Tuple[float, float]:
    """Ask FFmpeg's scaler where the color samples of a frame lie.

    PyAV does not tell a frame's ``chroma_location``, but the scaler keeps to
    it: a picture with the frame's properties and a ramp of colors is
    converted, and the ramp read.

    Args:
        frame (av.VideoFrame): One of a file, or one that was converted.

    Returns:
        tuple[float, float]: How many pixels of the luma the first color
        sample lies right of and below the first pixel: (0, 0.5) for H.264's
        usual ``left``, (0.5, 0.5) in the middle of four pixels, (0, 0) for
        ``topleft``. Where the file does not say, in the middle, as FFmpeg
        takes it.

    Examples:
        >>> chroma_siting(av.VideoFrame(32, 32, 'yuv420p'))
        (0.5, 0.5)
    """
    small = frame.reformat(EDGE, EDGE, 'yuv420p', threads=1)
    ramp = STEP * np.arange(EDGE // 2)
    for plane, values in zip(small.planes[1:], (ramp, ramp[:, None])):
        _pixels(plane)[:] = values
    full = small.reformat(
        format='yuv444p', threads=1, interpolation=(
            Interpolation.BILINEAR | Interpolation.ACCURATE_RND))
    middle = EDGE // 2
    across, down = (
        int(_pixels(plane)[middle, middle]) for plane in full.planes[1:])
    # At pixel p the ramp stands at (p - offset) / 2 samples.
    return middle - 2 * across / STEP, middle - 2 * down / STEP


def _pixels(plane: av.video.plane.VideoPlane) -> np.ndarray:
    """A view of a plane, ``[H, W]``, to be written to as well."""
    return np.ndarray((plane.height, plane.line_size), np.uint8,
                      plane)[:, :plane.width]
