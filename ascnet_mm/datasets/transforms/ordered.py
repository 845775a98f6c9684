"""Clips of a video in the order of time, and what is done to it."""
from typing import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError

# What VCP does to a clip
OPERATIONS = ('none', 'rotation', 'tiles', 'quarters', 'remote')


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
        interval (int): Number of unused frames of the video between two clips.
            Defaults to 0.
        frame_interval (int): Distance between neighboring frames of a clip, in
            frames of the video. 0 makes still clips: one frame, ``clip_len``
            times. Defaults to 1.

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


@TRANSFORMS.register_module()
class ShuffledClips(OrderedClips):
    """:class:`OrderedClips` in an order that is drawn for each sample.

    Each of the ``clips!`` orders is as likely as any other.

    Required keys: those of :class:`OrderedClips`. Added keys: its own, and
    ``order``, a tuple of ``clips`` integers: the place in time, from 0, of
    the first clip of the sample, of the second one, ...

    Args:
        clip_len (int): As for :class:`OrderedClips`.
        clips (int): As for :class:`OrderedClips`.
        interval (int): As for :class:`OrderedClips`.
        frame_interval (int): As for :class:`OrderedClips`.

    Examples:
        >>> sample = ShuffledClips(clip_len=2, clips=3)
        >>> results = sample(dict(total_frames=6, start_index=0))
        >>> starts = results['frame_inds'][::2]
        >>> tuple(int(start) // 2 for start in starts) == results['order']
        True
    """

    def transform(self, results: dict) -> dict:
        """Add the frame indices and the order of the clips."""
        order = np.random.permutation(self.clips)
        self._add_clips(results, self._starts(results['total_frames'])[order])
        results['order'] = tuple(order.tolist())
        return results


@TRANSFORMS.register_module()
class ClozeClips(OrderedClips):
    """:class:`OrderedClips` whose middle clip undergoes an operation.

    The operation is drawn, each as likely as any other:

    - ``'none'``;
    - ``'rotation'`` and ``'tiles'``, for which :class:`VCP` moves pixels on
      the device; the frames are those of ``'none'``;
    - ``'quarters'``: two randomly chosen quarters of the clip change places;
    - ``'remote'``: another clip takes its place, drawn from all that lie at
      least ``distance`` frames before the first or after the last one. In a
      video that has no room for it, one of the other operations is drawn.

    Required keys: those of :class:`OrderedClips`. Added keys: its own, and
    ``operation``.

    Args:
        clip_len (int): Frames per clip; for quarters a multiple of 4.
        clips (int): Clips per sample. Defaults to 3 (VCP's).
        interval (int): As for :class:`OrderedClips`.
        frame_interval (int): As for :class:`OrderedClips`.
        operations (Sequence[str]): Those that are drawn of. Defaults to all
            five (VCP's).
        distance (int): Frames between a remote clip and the others. Defaults
            to 16 (that of VCP's unofficial code).

    Raises:
        InputError: As of :class:`OrderedClips`; if there are fewer than two
            operations, or one is unknown or named twice; if a clip has no
            quarters, or ``distance`` is negative.

    Examples:
        >>> sample = ClozeClips(
        ...     clip_len=4, operations=('none', 'remote'), distance=30)
        >>> results = sample(dict(total_frames=20, start_index=0))
        >>> results['operation'], results['num_clips']
        ('none', 3)
    """

    def __init__(self,
                 clip_len: int,
                 clips: int = 3,
                 interval: int = 0,
                 frame_interval: int = 1,
                 operations: Sequence[str] = OPERATIONS,
                 distance: int = 16) -> None:
        super().__init__(clip_len, clips, interval, frame_interval)
        if (len(operations) < 2 or len(set(operations)) < len(operations)
                or set(operations) - set(OPERATIONS)):
            raise InputError(
                'ClozeClips: operations are two or more different ones of '
                f'{OPERATIONS}, not {tuple(operations)}')
        if 'quarters' in operations and clip_len % 4:
            raise InputError(
                "ClozeClips: quarters need a clip_len that is a multiple of "
                f"4, not {clip_len}; or leave 'quarters' out of operations")
        if distance < 0:
            raise InputError(
                f'ClozeClips: distance cannot be negative, as {distance}')
        self.operations = tuple(operations)
        self.distance = distance

    def transform(self, results: dict) -> dict:
        """Add the frame indices and the operation."""
        total, middle = results['total_frames'], self.clips // 2
        starts = self._starts(total)
        remote = self._remote_starts(starts, total)
        operation = np.random.choice([
            name for name in self.operations if name != 'remote' or len(remote)
        ]).item()
        if operation == 'remote':
            starts[middle] = np.random.choice(remote)
        self._add_clips(results, starts)
        if operation == 'quarters':
            clip = results['frame_inds'].reshape(self.clips, 4, -1)[middle]
            first, second = np.random.permutation(4)[:2]
            clip[[first, second]] = clip[[second, first]]
        results['operation'] = operation
        return results

    def _remote_starts(self, starts: np.ndarray, total: int) -> np.ndarray:
        """Where a clip may start that is far from all others."""
        away = self.span + self.distance
        return np.concatenate([
            np.arange(starts[0] - away + 1),
            np.arange(starts[-1] + away, total - self.span + 1)
        ])

    def __repr__(self) -> str:
        return (f'{super().__repr__()[:-1]}, operations={self.operations}, '
                f'distance={self.distance})')
