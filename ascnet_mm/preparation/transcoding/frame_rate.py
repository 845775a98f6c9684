"""When frames are shown: time stamps into a constant rate."""
import contextlib
import math
from fractions import Fraction
from itertools import repeat
from typing import Iterator, Tuple

import av

from ...datasets.video import (
    LONGEST_PAUSE,
    Timing,
    open_file,
    packets,
    timing,
    video_stream,
)


def timing_of(path: str) -> Timing:
    """Read the time stamps of a file: its rate, as it says if they agree.

    Args:
        path (str): The video.

    Raises:
        UnreadableVideo: If there is no video in it.

    Examples:
        >>> timing_of('x.mp4').rate  # doctest: +SKIP
        Fraction(24, 1)
    """
    with open_file(path) as container:
        stream, stamps = video_stream(container), []
        # Up to where the file breaks off.
        with contextlib.suppress(av.FFmpegError):
            for packet in packets(container, stream):
                stamps.append(
                    packet.dts if packet.pts is None else packet.pts)
        return timing(stamps, stream.time_base, stream.average_rate)


def timed(frames: Iterator[av.VideoFrame],
          source: Timing) -> Iterator[Tuple[Fraction, av.VideoFrame]]:
    """Yield frames with their seconds, which ascend from 0.

    Args:
        frames (Iterator[av.VideoFrame]): The frames.
        source (Timing): What :func:`timing_of` says of their file.

    Examples:
        >>> next(timed(frames, timing_of('x.mp4')))  # doctest: +SKIP
        (Fraction(0, 1), <av.VideoFrame, ...>)
    """
    seconds, last = Fraction(0), None
    for index, frame in enumerate(frames):
        stamp = frame.dts if frame.pts is None else frame.pts
        if source.steady or stamp is None:
            gap = Fraction(0)
        else:
            gap = (stamp - (stamp if last is None else last)) * frame.time_base
        if index:
            is_pause = 0 < gap <= LONGEST_PAUSE
            seconds += gap if is_pause else 1 / source.rate
        last = stamp
        yield seconds, frame


def at_constant_rate(frames: Iterator[av.VideoFrame], source: Timing,
                     target: Fraction) -> Iterator[av.VideoFrame]:
    """Yield each frame as often as it is shown, none or many times.

    Args:
        frames (Iterator[av.VideoFrame]): The frames.
        source (Timing): What :func:`timing_of` says of their file.
        target (Fraction): Frames per second.

    Examples:
        >>> frames = at_constant_rate(
        ...     frames, timing_of('x.mp4'), Fraction(25))  # doctest: +SKIP
    """

    def place(seconds: Fraction) -> int:
        return math.floor(seconds * target + Fraction(1, 2))

    shown, held = 0, None
    for seconds, frame in timed(frames, source):
        yield from repeat(held, place(seconds) - shown)
        shown, held = place(seconds), frame
    if held is not None:
        end = place(seconds + 1 / source.rate)
        yield from repeat(held, max(end, 1) - shown)
