"""Copies of videos as they come about in the wild, each of one kind."""
import os
import os.path as osp
from fractions import Fraction
from itertools import islice
from typing import Callable, Dict, List, NamedTuple, Sequence

import av
import numpy as np
import torch
from rich.progress import track

from ..apis.untrained import init_quietly
from ..datasets.video import decode_in_order, open_file, video_stream
from ..datasets.video_folder import find_videos
from ..errors import InputError
from ..inference import VideoEncoder
from ..preparation.transcoding.frame_rate import at_constant_rate, timing_of
from ..preparation.transcoding.pictures import pictures

ORIGINAL = 'original'
# Seconds: a copy at twice the speed still fills a window.
SHORTEST = 4
Frames = List[av.VideoFrame]
H264 = 'libx264', dict(preset='veryfast', crf='23')


class Kind(NamedTuple):
    """What is done to a video.

    Attributes:
        change (Callable): Of its frames, given how many there are a second.
        codec (str): Encoder, by FFmpeg's name.
        options (dict[str, str]): Of the encoder.
    """
    change: Callable[[Frames, Fraction], Frames]
    codec: str = H264[0]
    options: Dict[str, str] = H264[1]


def _same(frames: Frames, rate: Fraction) -> Frames:
    return frames


def _half_size(frames: Frames, rate: Fraction) -> Frames:
    return [
        frame.reformat(
            frame.width // 4 * 2, frame.height // 4 * 2, threads=1)
        for frame in frames
    ]


def _cropped(frames: Frames, rate: Fraction) -> Frames:
    """A tenth less of width and height, all of it on two sides."""

    def crop(frame: av.VideoFrame) -> av.VideoFrame:
        picture = frame.to_ndarray(format='rgb24', threads=1)
        height, width = (size * 9 // 20 * 2 for size in picture.shape[:2])
        return av.VideoFrame.from_ndarray(
            picture[:height, -width:].copy(), format='rgb24')

    return [crop(frame) for frame in frames]


def _mirrored(frames: Frames, rate: Fraction) -> Frames:
    return [
        av.VideoFrame.from_ndarray(
            frame.to_ndarray(format='rgb24', threads=1)[:, ::-1].copy(),
            format='rgb24')
        for frame in frames
    ]


def _trimmed(frames: Frames, rate: Fraction) -> Frames:
    return frames[round(rate):]


def _twice_as_fast(frames: Frames, rate: Fraction) -> Frames:
    return frames[::2]


KINDS = {
    'MPEG-4, low quality': Kind(_same, 'mpeg4', dict(qmin='12', qmax='12')),
    'VP9, low quality': Kind(
        _same, 'libvpx-vp9',
        dict(crf='45', b='0', deadline='realtime', **{'cpu-used': '8'})),
    'half the size': Kind(_half_size),
    'cropped by a tenth': Kind(_cropped),
    'mirrored': Kind(_mirrored),
    'trimmed by a second': Kind(_trimmed),
    'twice as fast': Kind(_twice_as_fast),
}  # yapf: disable


def seconds_of(path: str) -> float:
    """How long a video is.

    Raises:
        UnreadableVideo: If there is no video in it.
    """
    with open_file(path) as container:
        stream = video_stream(container)
        if stream.duration is not None:
            return float(stream.duration * stream.time_base)
        return (container.duration or 0) / av.time_base


def make_copy(source: str, target: str, kind: str) -> None:
    """Make a copy of a video.

    Args:
        source (str): The video.
        target (str): The file to write, ``.mkv``.
        kind (str): A key of ``KINDS``.

    Raises:
        UnreadableVideo: If the video cannot be read.
        InputError: If nothing is left of it.
    """
    made = KINDS[kind]
    frames, rate = read_frames(source)
    write_frames(target, made.change(frames, rate), rate, made.codec,
                 made.options)


def read_frames(path: str) -> 'tuple[Frames, Fraction]':
    """All frames of a video, upright, and how many there are a second."""
    shown = timing_of(path)
    with open_file(path) as container:
        decoded = decode_in_order(container, video_stream(container), [])
        frames = at_constant_rate(decoded, shown, shown.rate)
        return list(pictures(frames, short_edge=4096)), shown.rate


def write_frames(path: str, frames: Sequence[av.VideoFrame], rate: Fraction,
                 codec: str = H264[0],
                 options: Dict[str, str] = H264[1]) -> None:
    """Write a video.

    Raises:
        InputError: If there are no frames.
    """
    if not frames:
        raise InputError(f'{osp.basename(path)} would have no frame: copy '
                         'longer videos')
    with av.open(path, 'w', format='matroska') as container:
        stream = container.add_stream(
            codec, rate=rate, options=dict(options))
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, 1 / rate
            frame.pict_type = 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_set(videos: str, count: int, folder: str) -> int:
    """Choose videos and make a copy of each kind of each.

    What is in the folder already is kept. A video ``a/x.mp4`` is
    ``original/NUMBER.mkv`` there, and its copies are ``KIND/NUMBER.mkv``.

    Args:
        videos (str): Folder of the videos.
        count (int): How many are chosen at most, of those that last
            ``SHORTEST`` seconds.
        folder (str): Where the set is to lie.

    Returns:
        int: How many were chosen.

    Raises:
        InputError: If there are fewer than two, or the folder holds more of
            an earlier call.
    """
    chosen = choose(videos, count, SHORTEST)
    for name in (ORIGINAL, *KINDS):
        os.makedirs(osp.join(folder, name), exist_ok=True)
        require_no_more(osp.join(folder, name), len(chosen))
    for number, path in enumerate(track(chosen, 'copies')):
        original = osp.join(folder, ORIGINAL, f'{number:04}.mkv')
        link(path, original)
        for kind in KINDS:
            target = osp.join(folder, kind, f'{number:04}.mkv')
            if not osp.exists(target):
                make_copy(path, target + '.part', kind)
                os.replace(target + '.part', target)
    return len(chosen)


def require_no_more(folder: str, count: int) -> None:
    """Refuse videos of an earlier call with a larger ``count``.

    Args:
        folder (str): Of files ``NUMBER.mkv``.
        count (int): How many are counted on.

    Raises:
        InputError: If there is a larger number.
    """
    if any(int(name.partition('.')[0]) >= count for name in os.listdir(folder)
           if name.endswith('.mkv')):
        raise InputError(
            f'{folder} holds more than {count} videos, of an earlier run: '
            'choose another --work-dir')


def link(path: str, place: str) -> None:
    """Link a video into the work folder.

    Raises:
        InputError: If the place has another video, of an earlier call.
    """
    path = osp.abspath(path)
    if not osp.lexists(place):
        os.symlink(path, place)
    elif not osp.islink(place) or os.readlink(place) != path:
        raise InputError(
            f'{place} is not of {path}: the work folder was made of other '
            'videos, so choose another --work-dir')


def choose(videos: str, count: int, shortest: float) -> List[str]:
    """Paths of videos of a folder, always the same, in a random order.

    Args:
        videos (str): The folder.
        count (int): How many at most.
        shortest (float): How long they are at least, in seconds.

    Raises:
        InputError: If there are fewer than two.
    """
    paths = [osp.join(videos, path) for path in find_videos(videos)]
    np.random.default_rng(0).shuffle(paths)
    long = (path for path in paths if seconds_of(path) >= shortest)
    chosen = list(islice(long, count))
    if len(chosen) < 2:
        raise InputError(f'{videos} holds {len(chosen)} videos of {shortest} '
                         'seconds or more: name a folder with more')
    return chosen


def untrained(encoder: VideoEncoder) -> VideoEncoder:
    """The same network with weights that a training starts from."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = VideoEncoder(**encoder.recipe)
        init_quietly(network)
    return network.to(next(encoder.parameters()).device)
