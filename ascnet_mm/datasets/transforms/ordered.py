"""Clips of a video in the order of time."""
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError


@TRANSFORMS.register_module()
class OrderedClips(BaseTransform):
    """Choose the frames of clips that follow one another at equal distances.

    The first clip starts at a frame drawn uniformly of those that leave room
    for all clips.

    In a video that is too short for all of them, the first clip starts at its
    first frame, the last one ends at its last frame, and the others lie
    between at even distances: their order stays, but they overlap or are
    closer. A video that is shorter than a clip is played in a loop, and its
    clips are all the same.

    Required keys: ``total_frames``, ``start_index``. Added keys:
    ``frame_inds`` (int64 ``[clips * clip_len]``), ``clip_len``,
    ``frame_interval``, ``num_clips``.

    Args:
        clip_len (int): Frames per clip.
        clips (int): Clips per sample.
        interval (int): Frames of the video between two clips, which take no
            part. Defaults to 0.
        frame_interval (int): Frames of the video from one of a clip to the
            next. 0 makes still clips: one frame, ``clip_len`` times. Defaults
            to 1.

    Raises:
        InputError: If ``clip_len`` or ``clips`` is below 1, or one of the
            intervals below 0.

    Examples:
        >>> sample = OrderedClips(clip_len=2, clips=3, interval=1)
        >>> results = sample(dict(total_frames=8, start_index=0))
        >>> results['frame_inds'].reshape(results['num_clips'], -1)
        array([[0, 1],
               [3, 4],
               [6, 7]])
    """

    def __init__(self,
                 clip_len: int,
                 clips: int,
                 interval: int = 0,
                 frame_interval: int = 1) -> None:
        name = type(self).__name__
        if min(clip_len, clips) < 1:
            raise InputError(f'{name}: clip_len and clips must be positive, '
                             f'not {clip_len} and {clips}')
        if min(interval, frame_interval) < 0:
            raise InputError(
                f'{name}: interval and frame_interval cannot be negative, as '
                f'{interval} and {frame_interval}')
        self.clip_len = clip_len
        self.clips = clips
        self.interval = interval
        self.frame_interval = frame_interval

    @property
    def span(self) -> int:
        """int: Frames of the video from a clip's first to its last."""
        return (self.clip_len - 1) * self.frame_interval + 1

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        self._add_clips(results, self._starts(results['total_frames']))
        return results

    def _starts(self, total: int) -> np.ndarray:
        """Where the clips start, ascending; int64 ``[clips]``."""
        last = (self.clips - 1) * (self.span + self.interval)
        room = total - self.span - last
        if room >= 0:
            return np.random.randint(room + 1) + np.arange(
                self.clips) * (self.span + self.interval)
        room = max(total - self.span, 0)
        return np.arange(self.clips) * room // max(self.clips - 1, 1)

    def _add_clips(self, results: dict, starts: np.ndarray) -> None:
        steps = np.arange(self.clip_len) * self.frame_interval
        frames = (starts[:, None] + steps) % results['total_frames']
        results['frame_inds'] = frames.ravel() + results['start_index']
        results['clip_len'] = self.clip_len
        results['frame_interval'] = self.frame_interval
        results['num_clips'] = len(starts)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'clips={self.clips}, interval={self.interval}, '
                f'frame_interval={self.frame_interval})')
