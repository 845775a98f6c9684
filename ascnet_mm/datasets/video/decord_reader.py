"""Reading frames through decord, held to the timetable of our own reader."""
from typing import Iterator, Sequence

import av
import numpy as np

from .container import UnreadableVideo
from .orientation import orientation
from .reader import VideoReader

# Containers in which decord finds the frame that it seeks; in MPEG's streams
# it does not.
SOUGHT = ('mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm', 'avi')


class DecordReader(VideoReader):
    """The frames of :class:`VideoReader`, decoded by decord.

    For some files, decord counts the frames differently, or finds other frames
    when it seeks, and it does not mirror pictures. Files whose index does not
    determine the frames, mirrored ones (FFmpeg decodes one frame to know), and
    files on which the two readers disagree are refused, so that a file never
    gives different frames with different readers. Pictures are RGB; their
    colors are decord's, which converts all files with one matrix and repeats
    chroma samples.

    Args:
        *args: As for :class:`VideoReader`.
        **kwargs: As for :class:`VideoReader`.

    Raises:
        UnreadableVideo: If FFmpeg or decord cannot read the file, or if they
            do not agree on its frames.

    Examples:
        >>> reader = DecordReader('a.mp4')  # doctest: +SKIP
        >>> [frame.format.name for frame in reader.frames([0, 10])]
        ... # doctest: +SKIP
        ['rgb24', 'rgb24']
    """

    def __init__(self, *args, **kwargs) -> None:
        # Imported late: it loads a second FFmpeg.
        import decord
        super().__init__(*args, **kwargs)
        try:
            if self.in_order or self.container.format.name not in SOUGHT:
                raise UnreadableVideo(
                    'decord may find other frames in files of its kind: read '
                    'it with reader=pyav')
            self._decord = decord.VideoReader(self._path, num_threads=1)
            self._require_same_frames()
            self._require_no_mirror()
        except decord.DECORDError as error:
            raise UnreadableVideo(_refusal(error)) from error
        finally:
            self.close()

    def _require_same_frames(self) -> None:
        if len(self._decord) != len(self):
            raise UnreadableVideo(
                f'decord counts {len(self._decord)} frames and FFmpeg '
                f'{len(self)}: read it with reader=pyav')
        # From another key frame it decodes other frames where it seeks.
        if list(self._decord.get_key_indices()) != list(self.timetable.keys):
            raise UnreadableVideo('decord finds other key frames than FFmpeg: '
                                  'read it with reader=pyav')
        shown = self._decord.get_frame_timestamp(range(len(self)))[:, 0]
        first = self.timetable.stamps[0] or 0
        times = self.times + float(first * self._time_base)
        off = np.abs(shown - times).max()
        if not off < 0.5 / self.fps:
            raise UnreadableVideo(
                f'decord shows a frame {off:.2f} seconds from where FFmpeg '
                'does: read it with reader=pyav')

    def _require_no_mirror(self) -> None:
        [frame] = super().frames([0])
        # It turns pictures as their display matrix says, and never mirrors.
        if sum(orientation(frame)) % 2:
            raise UnreadableVideo('decord does not mirror its pictures as the '
                                  'file says: read it with reader=pyav')

    def frames(self, indices: Sequence[int]) -> Iterator[av.VideoFrame]:
        """Decode frames.

        Args:
            indices (Sequence[int]): Which.

        Yields:
            av.VideoFrame: The frames, in this order, as RGB and upright.

        Raises:
            UnreadableVideo: If one cannot be decoded.
        """
        import decord
        try:
            pictures = self._decord.get_batch(list(indices)).asnumpy()
        except decord.DECORDError as error:
            raise UnreadableVideo(_refusal(error)) from error
        for picture in pictures:
            yield av.VideoFrame.from_ndarray(picture, 'rgb24')


def _refusal(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ['it does not say why']
    return (f'decord cannot read it ({lines[0][:200]}): read it with '
            'reader=pyav')
