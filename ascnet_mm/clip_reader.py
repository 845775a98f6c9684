"""Clips of a video, read forwards and part by part."""
import math
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

import av
import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.registry import DefaultScope
from torch import Tensor

from .datasets.base import DECODING
from .datasets.transforms.decode_small import DecodeSmall
from .datasets.video import UnreadableVideo, VideoReader, reason
from .datasets.video.timing import LONGEST_PAUSE
from .errors import InputError
from .recipe import evaluation_pipeline

# The shortest window, and step from one to the next, in seconds (ours)
SHORTEST = 1e-3
# Clips of a part at most, and bytes that their frames take as RGB of full
# size, of which one clip may have more (ours).
AT_ONCE = 16
BYTES = 2**27
# Transforms that make one picture of each frame, by itself.
OF_A_FRAME = ('Resize', 'CenterCrop')


class Part(NamedTuple):
    """Some clips of a video, as its pipeline packs them.

    Attributes:
        inputs (Tensor): What the preprocessor takes of a sample.
        data_sample (ActionDataSample): Likewise.
        clips (int): How many.
    """
    inputs: Tensor
    data_sample: Any
    clips: int


class Windows(NamedTuple):
    """The windows of a video, W of them.

    Attributes:
        start (np.ndarray): When each begins, in seconds; float64 ``[W]``.
        end (np.ndarray): When each ends, likewise.
        fps (float): Frames per second of the video.
        clips (list[list[int]]): Which of its clips lie in each.
        frames (np.ndarray): Frames of the clips, in the order of the first;
            int64 ``[clips, T]``.
    """
    start: np.ndarray
    end: np.ndarray
    fps: float
    clips: List[List[int]]
    frames: np.ndarray


class ClipReader:
    """Makes clips of videos by the pipeline of an encoder.

    Args:
        pipeline (list[dict]): Transforms that make clips of a video, as in a
            recipe.

    Attributes:
        clip_len (int): Frames of a clip. Where the sampler's clips are single
            frames, as for 2-D encoders (TSN, TSM), a clip is as many frames
            as it takes of a video.
        interval (int): Frames of the video from one of a clip to the next;
            those of a 2-D encoder lie evenly in their window.

    Raises:
        InputError: If the pipeline has no sampler of frames.

    Examples:
        >>> reader = ClipReader([
        ...     dict(type='SampleFrames', clip_len=8, num_clips=1)])
        >>> reader.clip_len, reader.interval
        (8, 1)
    """

    def __init__(self, pipeline: Sequence[dict]) -> None:
        # Whatever another OpenMMLab library in this process has set.
        with DefaultScope.overwrite_default_scope('mmaction'):
            transforms = [
                TRANSFORMS.build(step)
                for step in _one_by_one(evaluation_pipeline(pipeline))
            ]
        place = _place_of_sampler(transforms)
        self._open = transforms[:place]
        self._finish = transforms[place + 1:]
        self._sampler = transforms[place]
        self._single = self._sampler.clip_len == 1
        self.clip_len: int = (
            self._sampler.num_clips if self._single else
            self._sampler.clip_len)
        self.interval: int = getattr(self._sampler, 'frame_interval', 1)

    def sampled(self, video: dict) -> Iterator[Part]:
        """The clips that the pipeline's own sampler takes of a video.

        Args:
            video (dict): ``filename`` and what else transforms want.

        Yields:
            Part: Some of them.

        Raises:
            UnreadableVideo: If the video cannot be read.
        """
        results = _apply(self._open, dict(video))
        reader = results['video_reader']
        try:
            frames = self._sampler(dict(results))['frame_inds']
            yield from self._parts(
                results, frames.reshape(-1, self.clip_len))
        finally:
            reader.close()

    def windows(self,
                video: dict,
                window: float,
                stride: float,
                start: float = 0,
                end: Optional[float] = None) -> Iterator[Any]:
        """The windows of a video, and then their clips.

        Args:
            video (dict): As for :meth:`sampled`.
            window (float): Seconds of a window.
            stride (float): Seconds from the start of one to the next.
            start (float): When the first begins. Defaults to 0.
            end (float, optional): When the last ends. Defaults to the end of
                the video.

        Yields:
            Windows: At first. Then, as :class:`Part`, all clips of the
            windows in the order of :attr:`Windows.frames`.

        Raises:
            UnreadableVideo: If the video cannot be read.
            InputError: If it has nothing between start and end.
        """
        results = _apply(self._open, dict(video))
        reader = results['video_reader']
        try:
            windows = self._lay(reader, window, stride, start, end)
            yield windows
            yield from self._parts(results, windows.frames)
        finally:
            reader.close()

    def _lay(self, reader: VideoReader, window: float, stride: float,
             first: float, last: Optional[float]) -> Windows:
        times, duration = reader.times, reader.duration
        until = 'on' if last is None else f'to {last:g} s'
        last = duration if last is None else min(last, duration)
        if not 0 <= first < last:
            raise InputError(
                f'it lasts {duration:.2f} s, and from {first:g} s {until} '
                'there is nothing: name another moment')
        start = first + stride * _numbers(
            times - first, window, stride, last - first)
        start = start[start < last]
        end = np.minimum(start + window, last)
        # A frame belongs to the window in which it is shown first.
        bounds = np.searchsorted(times, np.stack([start, end]) - 1e-6)
        clips = [
            self._clips_within(int(begin), int(finish), len(times))
            for begin, finish in bounds.T
        ]
        unique = sorted(set().union(*clips))
        number = {clip: place for place, clip in enumerate(unique)}
        return Windows(
            start, end, reader.fps,
            [[number[clip] for clip in inside] for inside in clips],
            np.array(unique))

    def _clips_within(self, first: int, last: int,
                      total: int) -> List[tuple]:
        """Clips that fill the frames first to last - 1 evenly."""
        if first == last:
            # No frame begins: the one before is still shown.
            return [(max(first - 1, 0), ) * self.clip_len]
        steps = np.arange(self.clip_len)
        if self._single:
            # The middles of equal parts
            middles = first + (2 * steps + 1) * (last - first) // (
                2 * self.clip_len)
            return [tuple(middles.tolist())]
        span = (self.clip_len - 1) * self.interval + 1
        count = max(1, round((last - first) / span))
        # A clip that does not fit before the end of the video begins earlier.
        latest = max(0, total - span)
        starts = np.linspace(first, max(first, last - span), count)
        starts = np.minimum(starts.round().astype(int), latest)
        # A video shorter than a clip is played in a loop.
        return [
            tuple(((start + steps * self.interval) % total).tolist())
            for start in starts
        ]

    def _parts(self, results: dict, frames: np.ndarray) -> Iterator[Part]:
        """Clips of the frames ``[clips, T]``, ascending, of an open video."""
        reader = _Forwards(results['video_reader'], frames)
        size = next(reader.frames([int(frames.min())]))
        # The first frame that this clip, or one behind it, shows
        first = np.minimum.accumulate(frames.min(axis=1)[::-1])[::-1]
        count = BYTES // (3 * size.width * size.height * frames.shape[1])
        count = min(max(1, count), AT_ONCE)
        for start in range(0, len(frames), count):
            chosen = frames[start:start + count]
            reader.forget_before(int(first[start]))
            packed = _apply(
                self._finish,
                dict(
                    results,
                    video_reader=reader,
                    frame_inds=chosen.ravel(),
                    clip_len=1 if self._single else self.clip_len,
                    frame_interval=self.interval,
                    num_clips=(chosen.size if self._single else len(chosen))))
            yield Part(packed['inputs'], packed['data_samples'], len(chosen))


def require_lengths(window: float, stride: float) -> None:
    """Refuse lengths of which no windows can be laid.

    Args:
        window (float): Seconds of a window.
        stride (float): Seconds from the start of one to the next.

    Raises:
        InputError: If one is infinite or shorter than ``SHORTEST``.

    Examples:
        >>> require_lengths(window=2.0, stride=0.5)
    """
    for name, length in (('window', window), ('stride', stride)):
        if not SHORTEST <= length < math.inf:
            raise InputError(f'{name} is a number of seconds, {SHORTEST} at '
                             f'least, not {length}')


def _numbers(times: np.ndarray, window: float, stride: float,
             last: float) -> np.ndarray:
    """Which windows show something, of those that begin every stride.

    A frame is shown until the next one, but for ``LONGEST_PAUSE`` at most: of
    a longer pause, or a jump of the clock, the rest has no windows.

    Args:
        times (np.ndarray): When the frames are shown first, in seconds from
            the beginning of the first window; float64 ``[frames]``.
        window (float): Seconds of a window.
        stride (float): Seconds from the start of one to the next.
        last (float): When the last window ends.

    Returns:
        np.ndarray: Whole numbers from 0, ascending, float64; one at least.
    """
    # Rounding must not add a window.
    count = math.ceil((max(last - window - 1e-6, 0) + stride) / stride)
    pauses = np.flatnonzero(np.diff(times) > LONGEST_PAUSE)
    begin = times[np.concatenate([[0], pauses + 1])]
    finish = np.append(times[pauses] + LONGEST_PAUSE, last)
    begin, finish = begin[begin < last], finish[begin < last]
    # Windows that begin before the end of a stretch, and end after its begin
    lower = np.maximum(np.floor((begin - window) / stride) + 1, 0)
    upper = np.minimum(np.ceil(np.minimum(finish, last) / stride), count)
    numbers = np.unique(np.concatenate([
        np.arange(*ends) for ends in zip(lower, upper)]))
    return numbers if len(numbers) else np.zeros(1)


class _Forwards:
    """A reader that finds each frame once, in the order of the video.

    Frames are kept while they may be wanted again; so are those that later
    clips show, where an earlier one asks for a frame behind them. Transforms
    close a reader after each part; this one stays open.

    Args:
        reader (VideoReader): It finds the frames.
        frames (np.ndarray): All that will be wanted.
    """

    def __init__(self, reader: VideoReader, frames: np.ndarray) -> None:
        self._reader = reader
        # Not found yet; the first one stands last.
        self._left = np.unique(frames)[::-1].tolist()
        self._kept: Dict[int, av.VideoFrame] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def frames(self, indices: Sequence[int]) -> Iterator[av.VideoFrame]:
        """As :meth:`VideoReader.frames`."""
        for index in indices:
            while self._left and self._left[-1] <= index:
                wanted = self._left.pop()
                self._kept[wanted], = self._reader.frames([wanted])
            yield self._kept[index]

    def forget_before(self, index: int) -> None:
        """Forget the frames before this one."""
        for kept in [kept for kept in self._kept if kept < index]:
            del self._kept[kept]

    def close(self) -> None:
        """Leave the file open for the next part."""


def _one_by_one(steps: List[dict]) -> List[dict]:
    """The same steps; where they can, they make frame after frame small."""
    kinds = [step['type'] for step in steps]
    if 'DecodeFrames' not in kinds or 'FormatShape' not in kinds:
        return steps
    first, last = kinds.index('DecodeFrames'), kinds.index('FormatShape')
    inside = steps[first + 1:last]
    if (steps[last] != dict(type='FormatShape', input_format='NCTHW')
            or not inside
            or any(step['type'] not in OF_A_FRAME for step in inside)):
        return steps
    small = dict(type='DecodeSmall', transforms=inside)
    return [*steps[:first], small, *steps[last + 1:]]


def _apply(transforms: Sequence[Callable], results: Any) -> Any:
    """Send a video through transforms.

    Raises:
        UnreadableVideo: If opening or decoding fails, however it does.
    """
    for transform in transforms:
        try:
            results = transform(results)
        except (UnreadableVideo, InputError):
            raise
        except Exception as error:
            # Broken files make decoders and their bindings raise anything.
            if isinstance(transform, (*DECODING, DecodeSmall)):
                raise UnreadableVideo(reason(error)) from error
            raise
    return results


def _place_of_sampler(transforms: list) -> int:
    for place, transform in enumerate(transforms):
        if hasattr(transform, 'clip_len') and not hasattr(
                transform, 'transforms'):
            return place
    raise InputError('its pipeline has no transform that samples clips, such '
                     'as SampleFrames')
