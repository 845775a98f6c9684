"""Reading chosen frames of a video through FFmpeg (PyAV)."""
import math
from bisect import bisect_right
from typing import Dict, Iterator, List, Sequence, Tuple

import av
import numpy as np

from .container import (
    MAX_PIXELS,
    UnreadableVideo,
    decode_in_order,
    open_file,
    packets,
    reason,
    video_stream,
)
from .siting import chroma_siting
from .timetable import WAYS
from .timing import LONGEST_PAUSE, frame_rate

# Of a damaged file a tenth may be missing at the end (ours).
LOST = 0.1
# By the headers of streams: prepared videos of one size share theirs.
_SITINGS: Dict[Tuple[str, bytes], Tuple[float, float]] = {}
MAX_SITINGS = 2**10


class MiscountedVideo(UnreadableVideo):
    """A file has another number of frames than it seemed to have.

    ``VideoReader(path, in_order=True)`` counts right.

    Examples:
        >>> try:  # doctest: +SKIP
        ...     frames = list(VideoReader('a.ts').frames([0, 10]))
        ... except MiscountedVideo:
        ...     reader = VideoReader('a.ts', in_order=True)
        ...     frames = list(reader.frames([0, 10]))
    """


class _Refuted(Exception):
    """A frame's time stamp is not the one that the timetable says."""


class _WrongSeek(Exception):
    """Decoding from a key frame on does not give what should come out."""


class VideoReader:
    """Frames of a video by their numbers, decoded on one thread.

    Frame n is the n-th that FFmpeg outputs when it decodes the whole file. The
    file is read forward; if a key frame lies between the current position and
    the next wanted frame, the reader seeks to it. Each decoded frame is
    checked against the file's timetable, which comes from the index or, where
    the frames disagree with that, from the packets. Where they disagree with
    both, or where the file cannot have a correct one, it is decoded in order
    from its beginning instead (:attr:`in_order`).

    Packets that cannot be decoded leave a gap: the next frame replaces the
    missing one; at the end, the last frame replaces up to a tenth of all.

    Args:
        path (str): The file. Only regular files are opened.
        max_pixels (int): The most pixels that a frame may have. Defaults to
            ``MAX_PIXELS``.
        in_order (bool): Trust no timetable: count the frames by decoding
            them all, and read from the beginning. Defaults to False.

    Raises:
        UnreadableVideo: If it holds no video or no frame, or one that is
            larger or longer than the limits.

    Examples:
        >>> reader = VideoReader('a.mp4')  # doctest: +SKIP
        >>> len(reader), reader.fps  # doctest: +SKIP
        (24, 24.0)
        >>> [frame.width for frame in reader.frames([0, 10])]
        ... # doctest: +SKIP
        [320, 320]
        >>> reader.close()  # doctest: +SKIP
    """

    def __init__(self,
                 path: str,
                 max_pixels: int = MAX_PIXELS,
                 in_order: bool = False) -> None:
        self._path = path
        self._max_pixels = max_pixels
        self.container = self._numbered = None
        self._damaged = self._seekless = False
        try:
            self._make_timetable(len(WAYS) - 1 if in_order else 0)
        except UnreadableVideo:
            self.close()
            raise
        except (OSError, ValueError, av.FFmpegError) as error:
            self.close()
            raise UnreadableVideo(reason(error)) from error

    def __len__(self) -> int:
        return len(self.timetable.stamps)

    @property
    def fps(self) -> float:
        """float: Frames per second on average."""
        return float(
            frame_rate(self.timetable.stamps, self._time_base,
                       self._average_rate))

    @property
    def times(self) -> np.ndarray:
        """np.ndarray: When each frame is shown, in seconds from the first
        one; float64 ``[frames]``. At even distances where the file's time
        stamps are missing or do not rise.
        """
        stamps = np.array(self.timetable.stamps, dtype=np.float64)
        if np.isnan(stamps).any() or (np.diff(stamps) <= 0).any():
            return np.arange(len(self)) / self.fps
        return (stamps - stamps[0]) * float(self._time_base)

    @property
    def duration(self) -> float:
        """float: Seconds; the last frame is shown as long as the average,
        ``LONGEST_PAUSE`` at most.
        """
        return float(self.times[-1]) + min(1 / self.fps, LONGEST_PAUSE)

    @property
    def key_frames(self) -> List[int]:
        """list[int]: The frames that decoding can start at, ascending; none
        where the file has to be decoded from its beginning.
        """
        return [] if self.in_order else self.timetable.keys

    def chroma_siting(self, frame: av.VideoFrame) -> Tuple[float, float]:
        """Where the color samples of the file's frames lie.

        Args:
            frame (av.VideoFrame): One of them.

        Returns:
            tuple[float, float]: See :func:`chroma_siting`.
        """
        context = self.stream.codec_context
        if not context.extradata:
            return chroma_siting(frame)
        # The headers of a stream say it for all of its frames.
        headers = context.codec.name, context.extradata
        if headers not in _SITINGS:
            if len(_SITINGS) >= MAX_SITINGS:
                _SITINGS.clear()
            _SITINGS[headers] = chroma_siting(frame)
        return _SITINGS[headers]

    @property
    def in_order(self) -> bool:
        """bool: Whether frames are decoded from the beginning of the file,
        which is exact but slow.
        """
        return (self._damaged or self._seekless
                or not self.timetable.seekable)

    def frames(self, indices: Sequence[int]) -> Iterator[av.VideoFrame]:
        """Decode frames.

        Args:
            indices (Sequence[int]): Which; ascending ones are read fastest.

        Yields:
            av.VideoFrame: The frames, in this order.

        Raises:
            UnreadableVideo: If one cannot be decoded.
            MiscountedVideo: If the file turns out to have another number of
                frames than this reader's.
        """
        try:
            for index in indices:
                yield self._frame(index)
        except (OSError, EOFError, av.FFmpegError) as error:
            raise UnreadableVideo(reason(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._stop_decoding()
        if self.container is not None:
            self.container.close()

    def _open(self) -> None:
        self.close()
        self.container = open_file(self._path)
        self.stream = video_stream(self.container, self._max_pixels)
        # The stream cannot be asked any more once the file is closed.
        self._time_base = self.stream.time_base
        self._average_rate = self.stream.average_rate
        self._here, self._last = -1, None

    def _stop_decoding(self) -> None:
        if self._numbered is not None:
            self._numbered.close()
        self._numbered = None

    def _make_timetable(self, way: int) -> None:
        """Take the first of the ways, from this one on, that can be gone."""
        self._open()
        for self._way in range(way, len(WAYS)):
            self.timetable = WAYS[self._way](self.container, self.stream)
            # The index alone can be read without leaving the beginning.
            if self._way > 0:
                self._open()
            if self.timetable is not None:
                return

    def _frame(self, index: int) -> av.VideoFrame:
        while True:
            try:
                return self._find(index)
            except _WrongSeek:
                self._seekless = True
            except av.FFmpegError:
                if self._damaged:
                    raise
                self._damaged = True
            except _Refuted:
                self._try_next_way()
            # What follows is read from the beginning.
            self._open()

    def _find(self, index: int) -> av.VideoFrame:
        if index == self._here:
            return self._last
        keys = self.timetable.keys
        before = 0 if self.in_order else bisect_right(keys, index)
        key = keys[before - 1] if before else 0
        if index < self._here or key > self._here + 1:
            self._go_to(key, before - 1)
        if self._numbered is None:
            self._numbered = self._number()
        for number, frame in self._numbered:
            self._here, self._last = number, frame
            if number >= index:
                return frame
        return self._stand_in(index)

    def _go_to(self, key: int, place: int) -> None:
        """Go on decoding at a key frame, the one at this place among all."""
        if key == 0:
            # Not every format lets one seek back to the beginning.
            self._open()
            return
        self._stop_decoding()
        self.container.seek(self.timetable.seeks[place], stream=self.stream)
        self._numbered = self._number_checked(key)

    def _number(self) -> Iterator[Tuple[int, av.VideoFrame]]:
        """The frames from the beginning on, with their numbers."""
        if self.timetable.seekable and not self._damaged:
            return self._number_checked(0)
        self._problems: List[str] = []
        frames = decode_in_order(self.container, self.stream, self._problems)
        if self.timetable.seekable:
            return self._number_by_stamp(frames)
        return (numbered for numbered in enumerate(frames))

    def _number_checked(
            self, number: int) -> Iterator[Tuple[int, av.VideoFrame]]:
        """Frames from a key frame on, each with the stamp that is due.

        Raises:
            _WrongSeek: If a seek led past the key frame, or where FFmpeg
                conceals damage, by what it decoded before.
            _Refuted: If a frame has another stamp.
            av.FFmpegError: If a packet cannot be decoded.
        """
        stamps, sought = self.timetable.stamps, number > 0
        started = not sought
        source = packets(self.container, self.stream)
        try:
            for packet in source:
                for frame in packet.decode():
                    # A seek may lead to before the key frame.
                    if not started and frame.pts is not None and (
                            frame.pts < stamps[number]):
                        continue
                    due = stamps[number] if number < len(stamps) else None
                    if frame.pts is None or frame.pts != due:
                        raise _Refuted if started else _WrongSeek
                    if not (started or frame.key_frame) or (
                            sought and frame.is_corrupt):
                        raise _WrongSeek
                    started = True
                    yield number, frame
                    number += 1
        finally:
            source.close()
        if number < len(stamps):
            raise _Refuted if started else _WrongSeek

    def _number_by_stamp(
        self, frames: Iterator[av.VideoFrame]
    ) -> Iterator[Tuple[int, av.VideoFrame]]:
        """Frames of a damaged file, with gaps where some are missing.

        Raises:
            _Refuted: If some are missing and nothing was damaged.
        """
        stamps, number = self.timetable.stamps, -1
        for frame in frames:
            number = (
                number + 1 if frame.pts is None else
                bisect_right(stamps, frame.pts) - 1)
            yield number, frame
        if not self._problems and number + 1 < len(stamps):
            raise _Refuted

    def _stand_in(self, index: int) -> av.VideoFrame:
        """The last frame, for one that is missing at the end."""
        lost = math.ceil(LOST * len(self))
        if self._last is None or index > self._here + lost:
            raise UnreadableVideo(
                f'frame {index} of {len(self)} cannot be decoded')
        return self._last

    def _try_next_way(self) -> None:
        """Make another timetable, after the frames have refuted this one.

        Raises:
            MiscountedVideo: If it has another number of frames.
        """
        count = len(self)
        self._make_timetable(self._way + 1)
        if len(self) != count:
            raise MiscountedVideo(
                f'it has {len(self)} frames, not {count} as it seemed')
