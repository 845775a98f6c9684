"""Which frames of a video make its clips."""
from bisect import bisect_right
from math import ceil, floor
from typing import List, Optional, Sequence

import numpy as np
from mmaction.datasets.transforms import SampleFrames
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError


@TRANSFORMS.register_module()
class SpeedPairedSampleFrames(BaseTransform):
    """Choose the frames of clips at different playback speeds.

    A clip at speed s takes every s-th frame. In training, there are two clips
    at two different speeds, drawn anew for each sample: the online clip c_i
    and the target clip c_j (Algorithm 1, line 5); ``pattern`` makes other
    groups of clips. In test mode, there is one clip per speed, in ascending
    order, and all of this ``draws`` times. The start of each clip is drawn
    uniformly and independently; with several draws in test mode, the clips of
    the n-th draw start in the n-th equal part of the possible starts.

    A video with fewer frames than a clip spans is played in a loop, from a
    start drawn uniformly (as with MMAction2's ``out_of_bound_opt='loop'``).

    Required keys: ``total_frames``, ``start_index``; with ``at_key_frames``
    also ``video_reader``, of :class:`OpenVideo`. Added keys:
    ``frame_inds`` (int64 ``[clips * clip_len]``), ``clip_len``,
    ``num_clips``, ``speeds`` (a tuple, in the order of the clips).

    Args:
        clip_len (int): Frames per clip.
        speeds (Sequence[int]): The set of speeds. Defaults to (1, 2), the
            paper's 1x and 2x.
        pattern (Sequence[int]): The clips of a training sample. Equal numbers
            are equal speeds, different numbers different ones. Defaults to
            (0, 1); (0, 0) is two clips of one speed, (0, 0, 1) two of one
            speed and one of another.
        test_mode (bool): One clip per speed. Defaults to False.
        at_key_frames (bool): Training clips start at the last key frame
            before the start that was drawn, so that no frame before the clip
            is decoded (ours; see the documentation on performance). Videos
            that are shorter than a clip keep the start. Defaults to False.
        draws (int): In test mode, how often there is one clip per speed: the
            clips of the first draw stand first. Defaults to 1.
        max_distance (float, optional): In training, the largest distance, in
            frames of the video, between the center of the longest clip, which
            is drawn first, and that of any other, which is drawn uniformly
            within it (ours; CVRL, Qian et al., CVPR 2021, draws small
            distances more often). Less than half a frame counts as half; with
            ``at_key_frames`` clips may move further apart. It does not hold
            in videos that are shorter than a clip. Defaults to None: no
            limit.

    Raises:
        InputError: If the numbers in the pattern are not exactly 0 to n - 1
            for some n; if there are fewer than n speeds, or they repeat or are
            not positive integers; or if ``draws`` is below 1 or
            ``max_distance`` negative.

    Examples:
        >>> sample = SpeedPairedSampleFrames(
        ...     clip_len=4, speeds=(1, 2), test_mode=True)
        >>> results = sample(dict(total_frames=7, start_index=0))
        >>> results['speeds'], results['frame_inds'][4:]
        ((1, 2), array([0, 2, 4, 6]))
        >>> sample = SpeedPairedSampleFrames(
        ...     clip_len=4, speeds=(1, 2), test_mode=True, draws=3)
        >>> sample(dict(total_frames=7, start_index=0))['speeds']
        (1, 2, 1, 2, 1, 2)
    """

    def __init__(self,
                 clip_len: int,
                 speeds: Sequence[int] = (1, 2),
                 pattern: Sequence[int] = (0, 1),
                 test_mode: bool = False,
                 at_key_frames: bool = False,
                 draws: int = 1,
                 max_distance: Optional[float] = None) -> None:
        if clip_len < 1:
            raise InputError(f'a clip needs a frame: clip_len={clip_len}')
        drawn = len(set(pattern))
        if not drawn or set(pattern) != set(range(drawn)):
            raise InputError(
                'pattern numbers the speeds of the clips from 0, as in '
                f'(0, 0, 1), not {tuple(pattern)}')
        if len(speeds) < drawn or len(set(speeds)) < len(speeds) or not all(
                isinstance(speed, int) and speed > 0 for speed in speeds):
            raise InputError(
                f'speeds must be {drawn} or more different positive integers '
                f'for pattern={tuple(pattern)}, not {tuple(speeds)}')
        if draws < 1:
            raise InputError(f'draws must be positive, not {draws}')
        if max_distance is not None and not max_distance >= 0:
            raise InputError('max_distance is a number of frames between '
                             f'centers of clips, not {max_distance}')
        self.clip_len = clip_len
        self.speeds = tuple(speeds)
        self.pattern = tuple(pattern)
        self.test_mode = test_mode
        self.at_key_frames = at_key_frames
        self.draws = draws
        self.max_distance = max_distance

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        total, keys = results['total_frames'], []
        if self.test_mode:
            speeds = sorted(self.speeds) * self.draws
        else:
            drawn = np.random.permutation(self.speeds).tolist()
            speeds = [drawn[number] for number in self.pattern]
            if self.at_key_frames:
                keys = results['video_reader'].key_frames
        starts = self._starts(total, speeds)
        clips = [
            self._frames(total, *clip, keys) for clip in zip(starts, speeds)
        ]
        results['frame_inds'] = np.concatenate(
            clips) + results['start_index']
        results['clip_len'] = self.clip_len
        results['num_clips'] = len(clips)
        results['speeds'] = tuple(speeds)
        return results

    def _starts(self, total: int, speeds: Sequence[int]) -> List[int]:
        """Of each clip, drawn."""
        if self.test_mode:
            return [
                self._start_in_part(total, speed, number // len(self.speeds))
                for number, speed in enumerate(speeds)
            ]
        if self.max_distance is None:
            return [
                np.random.randint(self._places(total, speed))
                for speed in speeds
            ]
        return self._nearby_starts(total, speeds)

    def _start_in_part(self, total: int, speed: int, draw: int) -> int:
        """In the n-th of as many parts of the video as there are draws."""
        places = self._places(total, speed)
        first = places * draw // self.draws
        # Of fewer places than parts some stand for several.
        last = max(first + 1, places * (draw + 1) // self.draws)
        return np.random.randint(first, last)

    def _nearby_starts(self, total: int, speeds: Sequence[int]) -> List[int]:
        """With centers no further apart than ``max_distance``."""
        longest = max(speeds)
        lead = np.random.randint(self._places(total, longest))
        starts = {speeds.index(longest): lead}
        for clip, speed in enumerate(speeds):
            if clip not in starts:
                first, last = 0, self._places(total, speed) - 1
                if total >= self._span(longest):
                    # Where this clip's center is that of the first one
                    level = lead + (self._span(longest) -
                                    self._span(speed)) / 2
                    # Clips start at whole frames.
                    reach = max(self.max_distance, 0.5)
                    first = max(first, ceil(level - reach))
                    last = min(last, floor(level + reach))
                starts[clip] = np.random.randint(first, last + 1)
        return [starts[clip] for clip in range(len(speeds))]

    def _span(self, speed: int) -> int:
        return (self.clip_len - 1) * speed + 1

    def _places(self, total: int, speed: int) -> int:
        """How many starts there are; a short video is played in a loop."""
        span = self._span(speed)
        return total - span + 1 if total >= span else total

    def _frames(self, total: int, start: int, speed: int,
                keys: Sequence[int]) -> np.ndarray:
        fits = total >= self._span(speed)
        before = bisect_right(keys, start) if fits else 0
        if before:
            start = keys[before - 1]
        return (start + speed * np.arange(self.clip_len)) % total

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'speeds={self.speeds}, pattern={self.pattern}, '
                f'test_mode={self.test_mode}, '
                f'at_key_frames={self.at_key_frames}, draws={self.draws}, '
                f'max_distance={self.max_distance})')


@TRANSFORMS.register_module()
class AppendReversed(BaseTransform):
    """Add the reverse of each clip: the same frames, the last one first.

    Put it before the decoding transform, which decodes each frame once,
    however often it is needed.

    Required keys: ``frame_inds``, ``num_clips``, ``speeds``, of
    :class:`SpeedPairedSampleFrames`. Changed keys: all of them; the reverses
    come after all clips, in the same order, with negative speeds.

    Examples:
        >>> results = AppendReversed()(dict(
        ...     frame_inds=np.array([0, 1, 2, 4]), num_clips=2,
        ...     speeds=(1, 2)))
        >>> results['frame_inds'], results['speeds']
        (array([0, 1, 2, 4, 1, 0, 4, 2]), (1, 2, -1, -2))
    """

    def transform(self, results: dict) -> dict:
        """Add the frame indices and speeds of the reverses."""
        clips = results['frame_inds'].reshape(results['num_clips'], -1)
        results['frame_inds'] = np.concatenate([clips, clips[:, ::-1]]).ravel()
        results['num_clips'] *= 2
        results['speeds'] += tuple(-speed for speed in results['speeds'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class SampleFramesAtRate(SampleFrames):
    """MMAction2's ``SampleFrames`` on a video brought to a frame rate.

    The rule of RSPNet (and of torchvision): frames are left out or repeated
    so that of every ``fps / frame_rate`` frames one is kept, counted from the
    first and rounded down. (``SampleFrames(target_fps=...)`` stretches each
    clip instead, which PySlowFast does.) A video whose frame rate is not
    known is left as it is.

    Required keys: ``total_frames``, ``start_index``, ``avg_fps``. Added keys:
    those of ``SampleFrames``.

    Args:
        frame_rate (float): Frames per second.
        **kwargs: As for ``SampleFrames``; they speak of frames at this rate.

    Raises:
        InputError: If ``frame_rate`` is not positive.

    Examples:
        >>> sample = SampleFramesAtRate(
        ...     frame_rate=8, clip_len=4, num_clips=1, test_mode=True)
        >>> sample(dict(
        ...     total_frames=12, start_index=0, avg_fps=24))['frame_inds']
        array([0, 3, 6, 9])
    """

    def __init__(self, frame_rate: float, **kwargs) -> None:
        if not frame_rate > 0:
            raise InputError(
                'SampleFramesAtRate: frame_rate is a number of frames per '
                f'second, not {frame_rate}')
        super().__init__(**kwargs)
        self.frame_rate = frame_rate

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        total, first = results['total_frames'], results['start_index']
        kept = self._kept(total, results['avg_fps'] or self.frame_rate)
        results = super().transform(
            dict(results, total_frames=len(kept), start_index=0))
        results.update(
            total_frames=total,
            start_index=first,
            frame_inds=kept[results['frame_inds']] + first)
        return results

    def _kept(self, total: int, fps: float) -> np.ndarray:
        step = fps / self.frame_rate
        # Of a whole step RSPNet also keeps what is left of the last one.
        whole = step == int(step)
        count = -(-total // int(step)) if whole else int(total / step)
        # A video of less than a step has a frame all the same.
        return np.floor(np.arange(max(count, 1)) * step).astype(np.int64)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(frame_rate={self.frame_rate}, '
                f'{super().__repr__()})')


@TRANSFORMS.register_module()
class SlidingSampleFrames(BaseTransform):
    """Choose the frames of overlapping clips that cover a whole video.

    These are CoCLR's rules. A clip counts as ``clip_len * frame_interval``
    frames long. Clips start at the first frame and every ``stride`` frames
    after it, as many as fit. A video that is no longer than a clip gives one
    clip: every ``frame_interval``-th frame, preceded by copies of the first
    one.

    Videos of different lengths have different numbers of clips, so a batch
    can hold one video only.

    Required keys: ``total_frames``, ``start_index``. Added keys:
    ``frame_inds`` (int64 ``[clips * clip_len]``), ``clip_len``,
    ``frame_interval``, ``num_clips``.

    Args:
        clip_len (int): Frames per clip.
        stride (int, optional): Frames of the video between the starts of two
            clips. Defaults to None: CoCLR's, one less than half a clip, 15
            for 32 frames and 31 for every second of 64.
        frame_interval (int): Frames of the video from one of a clip to the
            next. Defaults to 1.

    Raises:
        InputError: If any of them is below 1.

    Examples:
        >>> sample = SlidingSampleFrames(clip_len=4, stride=2)
        >>> results = sample(dict(total_frames=8, start_index=0))
        >>> results['frame_inds'].reshape(results['num_clips'], -1)
        array([[0, 1, 2, 3],
               [2, 3, 4, 5],
               [4, 5, 6, 7]])
    """

    def __init__(self,
                 clip_len: int,
                 stride: Optional[int] = None,
                 frame_interval: int = 1) -> None:
        self.span = clip_len * frame_interval
        if stride is None:
            stride = self.span // 2 - 1
        if min(clip_len, stride, frame_interval) < 1:
            raise InputError(
                'clip_len, stride and frame_interval must be positive, not '
                f'{clip_len}, {stride} and {frame_interval}')
        self.clip_len = clip_len
        self.stride = stride
        self.frame_interval = frame_interval

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        total = results['total_frames']
        steps = np.arange(self.clip_len) * self.frame_interval
        if total > self.span:
            starts = np.arange(0, total - self.span + 1, self.stride)
        else:
            starts = np.zeros(1, int)
            present = steps[steps < total]
            steps = np.pad(present, (self.clip_len - len(present), 0))
        clips = starts[:, None] + steps
        results['frame_inds'] = clips.ravel() + results['start_index']
        results['clip_len'] = self.clip_len
        results['frame_interval'] = self.frame_interval
        results['num_clips'] = len(starts)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'stride={self.stride}, '
                f'frame_interval={self.frame_interval})')


@TRANSFORMS.register_module()
class SkippingSampleFrames(BaseTransform):
    """Choose the frames of clips by leaving some out at random.

    As in SpeedNet, a clip of factor f skips each frame with probability
    1 - 1 / f, so that it is f times as fast on average. There is one clip per
    range of factors, and its factor is drawn uniformly from its range. All
    clips of a video start at the same frame, drawn uniformly.

    A video with fewer frames than the longest of its clips spans is played in
    a loop, from a start drawn uniformly (ours, as in
    :class:`SpeedPairedSampleFrames`).

    Required keys: ``total_frames``, ``start_index``. Added keys:
    ``frame_inds`` (int64 ``[clips * clip_len]``), ``clip_len``,
    ``num_clips``, ``speeds`` (a tuple, the factors that were drawn).

    Args:
        clip_len (int): Frames per clip.
        factors (Sequence[Sequence[float]]): The smallest and the largest
            factor of each clip. Defaults to ((1, 1.2), (1.7, 2.2)), the
            paper's normal speed and sped up.

    Raises:
        InputError: If ``clip_len`` is below 1, or a range is not of two
            ascending numbers from 1 on.

    Examples:
        >>> sample = SkippingSampleFrames(clip_len=4, factors=((1, 1), ))
        >>> results = sample(dict(total_frames=4, start_index=0))
        >>> results['speeds'], results['frame_inds']
        ((1.0,), array([0, 1, 2, 3]))
    """

    def __init__(self,
                 clip_len: int,
                 factors: Sequence[Sequence[float]] = ((1, 1.2),
                                                       (1.7, 2.2))) -> None:
        if clip_len < 1:
            raise InputError(f'a clip needs a frame: clip_len={clip_len}')
        if not factors or not all(
                len(range_) == 2 and 1 <= range_[0] <= range_[1]
                for range_ in factors):
            raise InputError(
                'factors are ranges of a smallest and a largest one, from 1 '
                f'on, as ((1, 1.2), (1.7, 2.2)), not {factors}')
        self.clip_len = clip_len
        self.factors = tuple(tuple(range_) for range_ in factors)

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        drawn = [float(np.random.uniform(*range_)) for range_ in self.factors]
        clips = np.array([self._steps(factor) for factor in drawn])
        total, span = results['total_frames'], clips.max() + 1
        start = np.random.randint(total - span + 1 if total >= span else total)
        clips = (start + clips) % total
        results['frame_inds'] = clips.ravel() + results['start_index']
        results['clip_len'] = self.clip_len
        results['num_clips'] = len(drawn)
        results['speeds'] = tuple(drawn)
        return results

    def _steps(self, factor: float) -> np.ndarray:
        # Frames up to the next one that is kept
        gaps = np.random.geometric(1 / factor, self.clip_len - 1)
        return np.concatenate(([0], gaps.cumsum()))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'factors={self.factors})')
