"""Reading chosen frames of a video through FFmpeg (PyAV)."""
import math
import os
import os.path as osp
import stat
from bisect import bisect_right
from itertools import islice
from typing import Iterator, List, NamedTuple, Sequence

import av
import numpy as np

# Every unreadable file is named in the log; FFmpeg's chatter adds nothing.
av.logging.set_level(None)

# The largest picture that is decoded: 8K (7680 x 4320) is (ours).
MAX_PIXELS = 2**25
# 23 hours at 25 frames a second (ours).
MAX_FRAMES = 2**21
# Of a damaged file a tenth may be missing at the end (ours).
LOST = 0.1
# They only name other files or addresses.
PLAYLISTS = {'applehttp', 'concat', 'dash', 'hls', 'imf', 'sdp'}


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


class Orientation(NamedTuple):
    """How stored pictures are put upright, in this order.

    Attributes:
        transposed (bool): Rows become columns.
        mirrored (bool): Then left and right change places.
        flipped (bool): Then top and bottom do.
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


def open_file(path: str) -> av.container.InputContainer:
    """Open a file that may be anything, and nothing beside it.

    Args:
        path (str): The file.

    Returns:
        av.container.InputContainer: To be closed.

    Raises:
        UnreadableVideo: If it is no regular file, or names other files.
        OSError: If it cannot be opened.
        av.FFmpegError: If FFmpeg does not know what it is.
    """
    # A pipe would block, and a device may do anything.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise UnreadableVideo('it is no regular file')
    container = av.open(
        # Absolute: FFmpeg takes a name such as `concat:x` for an address.
        osp.abspath(path),
        metadata_errors='replace',
        options={'protocol_whitelist': 'file'})
    if PLAYLISTS.intersection(container.format.name.split(',')):
        container.close()
        raise UnreadableVideo('it is a playlist')
    return container


class VideoReader:
    """The first video stream of a file, decoded on one thread.

    Frames are counted in the order in which they are shown. The file is
    opened once, read forwards, and sought in only where a key frame lies
    between here and the next wanted frame. Where that fails it is read again
    from its beginning, over damaged packets: the next frame stands in for
    one that is lost, the last one for up to a tenth of all at the end.

    Args:
        path (str): The file. Only regular files are opened.
        max_pixels (int): The most pixels that a frame may have. Defaults to
            ``MAX_PIXELS``.

    Raises:
        UnreadableVideo: If it holds no video or no frame, or one that is
            larger or longer than the limits.
    """

    def __init__(self, path: str, max_pixels: int = MAX_PIXELS) -> None:
        self._path = path
        self._max_pixels = max_pixels
        self.container = self._decoded = self._last = None
        self._careful = False
        try:
            self._open()
            self.timetable = self._read_timetable()
        except UnreadableVideo:
            self.close()
            raise
        except IndexError:
            raise UnreadableVideo('it has no video stream') from None
        except (OSError, ValueError, av.FFmpegError) as error:
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
        self.container = open_file(self._path)
        self.stream = self.container.streams.video[0]
        context = self.stream.codec_context
        if context.width * context.height > self._max_pixels:
            raise UnreadableVideo(
                f'its pictures of {context.width} x {context.height} pixels '
                f'are larger than {self._max_pixels} in all')
        # Pictures can be larger than the file says.
        context.options = {'max_pixels': str(self._max_pixels)}
        # A loader has a worker per core already.
        self.stream.thread_count = 1
        self._here = -1

    def _frame(self, index: int) -> av.VideoFrame:
        pts, keys = self.timetable
        if self._careful and self._here >= index:
            return self._last
        before = bisect_right(keys, index)
        key = keys[before - 1] if before else 0
        sought = not self._careful and key > self._here + 1
        try:
            if sought:
                self._stop_decoding()
                self.container.seek(pts[key], stream=self.stream)
            if self._decoded is None:
                self._decoded = self._decode()
            for frame in self._decoded:
                self._last = frame
                self._here = (
                    self._here + 1 if frame.pts is None else
                    bisect_right(pts, frame.pts) - 1)
                if self._here == index or (self._here > index
                                           and self._careful):
                    return frame
                if self._here > index:
                    break
        except av.FFmpegError:
            if self._careful:
                raise
        if self._careful:
            return self._stand_in(index)
        # Without a true index in the file, a seek may lead past the frame.
        self._open()
        self._careful, self._last = True, None
        return self._frame(index)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """The frames from here on; if careful, without damaged packets.

        PyAV 18 loses 150 bytes with each of its generators that is neither
        exhausted nor closed, so that ``container.decode`` is not for us.
        """
        packets = self.container.demux(self.stream)
        try:
            for packet in packets:
                try:
                    frames = packet.decode()
                except (av.error.InvalidDataError, av.error.EOFError):
                    if not self._careful:
                        raise
                    continue
                yield from frames
        finally:
            packets.close()

    def _stop_decoding(self) -> None:
        if self._decoded is not None:
            self._decoded.close()
        self._decoded = None

    def _stand_in(self, index: int) -> av.VideoFrame:
        """The last frame, for one that is missing at the end."""
        lost = math.ceil(LOST * len(self))
        if self._last is None or index > self._here + lost:
            raise UnreadableVideo(
                f'frame {index} of {len(self)} cannot be decoded')
        return self._last

    def _read_timetable(self) -> Timetable:
        """From the file's index where it has one, else from its packets.

        Raises:
            UnreadableVideo: If it names more than ``MAX_FRAMES``.
        """
        entries = self.stream.index_entries
        if len(entries) > MAX_FRAMES:
            raise UnreadableVideo(f'it has more than {MAX_FRAMES} frames')
        table = [(entry.timestamp, entry.is_keyframe) for entry in entries
                 if not entry.is_discard]
        # Without B-frames packets are stored in the order of showing.
        if self.stream.codec_context.has_b_frames or not (
                len(table) == self.stream.frames > 0):
            packets = islice(
                self.container.demux(self.stream), MAX_FRAMES + 1)
            table = sorted(
                (packet.pts, packet.is_keyframe) for packet in packets
                if packet.pts is not None and not packet.is_discard)
            if len(table) > MAX_FRAMES:
                raise UnreadableVideo(f'it has more than {MAX_FRAMES} frames')
            # Not every format lets one seek back to the beginning.
            self._open()
        return Timetable([pts for pts, _ in table],
                         [i for i, (_, key) in enumerate(table) if key])


def orientation(frame: av.VideoFrame) -> Orientation:
    """How a frame is put upright, by its display matrix.

    A turn is taken to the nearest multiple of 90 degrees, stretching is
    ignored.
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


def reason(error: Exception) -> str:
    """What an error says, without the file's name."""
    text = getattr(error, 'strerror', None) or str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__
