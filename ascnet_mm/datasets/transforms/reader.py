"""Reading chosen frames of a video through FFmpeg (PyAV)."""
from bisect import bisect_right
from typing import Iterator, List, NamedTuple, Sequence, Union

import av

# Every unreadable file is named in the log; FFmpeg's chatter adds nothing.
av.logging.set_level(None)


class UnreadableVideo(Exception):
    """A file from which the wanted frames cannot be decoded, and why."""


class Timetable(NamedTuple):
    """When the frames of a video are shown, and where decoding can start.

    Attributes:
        pts (list[int]): Time stamps of all frames, ascending.
        keys (list[int]): Indices of the key frames, ascending.
    """
    pts: List[int]
    keys: List[int]


class VideoReader:
    """The first video stream of a file, decoded on one thread.

    Frames are counted in the order in which they are shown. The file is
    opened once, read forwards, and sought in only where a key frame lies
    between here and the next wanted frame.

    Args:
        file (str | file object): The file.

    Raises:
        UnreadableVideo: If it holds no video or no frame.
    """

    def __init__(self, file: Union[str, object]) -> None:
        self._file = file
        self.container = self._decoded = None
        self._seekable = True
        try:
            self._open()
            self.timetable = self._read_timetable()
        except IndexError:
            raise UnreadableVideo('it has no video stream') from None
        except (OSError, av.FFmpegError) as error:
            raise UnreadableVideo(reason(error)) from error
        if not self.timetable.pts:
            raise UnreadableVideo('it has no frame')

    def __len__(self) -> int:
        return len(self.timetable.pts)

    @property
    def fps(self) -> float:
        """float: Frames per second on average; 0 where it is not told."""
        return float(self.stream.average_rate or 0)

    def frames(self, indices: Sequence[int]) -> Iterator[av.VideoFrame]:
        """Decode frames.

        Args:
            indices (Sequence[int]): Ascending, without repeats.

        Yields:
            av.VideoFrame: The frames, in this order.

        Raises:
            UnreadableVideo: If one cannot be decoded.
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
        if hasattr(self._file, 'seek'):
            self._file.seek(0)
        self.container = av.open(self._file, metadata_errors='ignore')
        self.stream = self.container.streams.video[0]
        # A loader has a worker per core already.
        self.stream.thread_count = 1
        self._here = -1

    def _frame(self, index: int) -> av.VideoFrame:
        pts, keys = self.timetable
        key = keys[bisect_right(keys, index) - 1] if keys else 0
        sought = self._seekable and key > self._here + 1
        if sought:
            self._stop_decoding()
            self.container.seek(pts[key], stream=self.stream)
        if self._decoded is None:
            self._decoded = self._decode()
        for frame in self._decoded:
            self._here = (
                self._here + 1 if frame.pts is None else
                bisect_right(pts, frame.pts) - 1)
            if self._here == index or (self._here > index
                                       and not self._seekable):
                return frame
            if self._here > index:
                break
        if not self._seekable:
            raise UnreadableVideo(
                f'frame {index} of {len(pts)} cannot be decoded')
        # Without a true index in the file, a seek may lead past the frame.
        self._open()
        self._seekable = False
        return self._frame(index)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """The frames from here on, as ``container.decode`` gives them.

        PyAV 18 loses 150 bytes with each of its generators that is neither
        exhausted nor closed, and closes none of its own.
        """
        packets = self.container.demux(self.stream)
        try:
            for packet in packets:
                yield from packet.decode()
        finally:
            packets.close()

    def _stop_decoding(self) -> None:
        if self._decoded is not None:
            self._decoded.close()
        self._decoded = None

    def _read_timetable(self) -> Timetable:
        """From the file's index where it has one, else from its packets."""
        table = [(entry.timestamp, entry.is_keyframe)
                 for entry in self.stream.index_entries
                 if not entry.is_discard]
        # Without B-frames packets are stored in the order of showing.
        if self.stream.codec_context.has_b_frames or not (
                len(table) == self.stream.frames > 0):
            table = sorted(
                (packet.pts, packet.is_keyframe)
                for packet in self.container.demux(self.stream)
                if packet.pts is not None and not packet.is_discard)
            # Not every format lets one seek back to the beginning.
            self._open()
        return Timetable([pts for pts, _ in table],
                         [i for i, (_, key) in enumerate(table) if key])


def reason(error: Exception) -> str:
    """What an error says, without the file's name."""
    text = getattr(error, 'strerror', None) or str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__
