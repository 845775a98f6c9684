"""Posters: a small picture of each video."""
from typing import Optional

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from ...datasets.video import (
    MiscountedVideo,
    UnreadableVideo,
    VideoReader,
    orientation,
    with_range_of_gray,
    within,
)

WIDTH = 160
# Of pictures that are much taller than wide
MAX_HEIGHT = 320
# Seconds that one may take
TIME_LIMIT = 20


def poster(path: str,
           start: float = 0.0,
           end: Optional[float] = None) -> Optional[bytes]:
    """The frame in the middle of a video or of a part of it, small.

    Args:
        path (str): The file, which may be anything.
        start (float): When the part begins, in seconds. Defaults to 0.
        end (float, optional): When it ends. Defaults to the end of the video.

    Returns:
        bytes, optional: A JPEG file, 160 pixels wide; None if the video
        cannot be read in time.
    """
    try:
        return within(TIME_LIMIT, _poster, path, start, end)
    except (UnreadableVideo, OSError):
        return None


def _poster(path: str, *part: Optional[float]) -> bytes:
    try:
        picture = _middle(path, *part, in_order=False)
    except MiscountedVideo:
        picture = _middle(path, *part, in_order=True)
    done, content = cv2.imencode(
        '.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise UnreadableVideo('its picture cannot be compressed')
    return content.tobytes()


def _middle(path: str, start: float, end: Optional[float], in_order: bool):
    reader = VideoReader(path, in_order=in_order)
    try:
        place = len(reader) // 2
        if start or end is not None:
            end = reader.duration if end is None else end
            # The frame that is shown then
            place = np.searchsorted(
                reader.times, (start + end) / 2, side='right') - 1
        return _small(next(reader.frames([max(int(place), 0)])))
    finally:
        reader.close()


def _small(frame: av.VideoFrame):
    """Upright, uint8 ``[H, W, 3]``, blue first as OpenCV wants it."""
    turn = orientation(frame)
    wide, high = frame.width, frame.height
    if turn.transposed:
        wide, high = high, wide
    size = WIDTH, min(max(round(WIDTH * high / wide), 1), MAX_HEIGHT)
    if turn.transposed:
        size = size[::-1]
    small = with_range_of_gray(frame, VideoReformatter()).reformat(
        *size, format='bgr24', threads=1).to_ndarray()
    return turn.apply(small).copy()
