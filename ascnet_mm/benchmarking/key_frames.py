"""What would spare the decoding of frames that no clip has."""
import os.path as osp
import tempfile
import time
from bisect import bisect_right
from functools import partial
from typing import Dict, List, NamedTuple, Sequence

import av
import numpy as np

from ..datasets.video.container import open_file, packets, video_stream
from ..datasets.video.timetable import from_index, from_packets
from ..datasets.video_folder import find_videos
from ..errors import InputError
from ..preparation.transcoding.encode import add_stream
from ..preparation.transcoding.recipe import Recipe
from .timing import publish, ratio, side_by_side

QUALITY = 20  # transcoding's default


class Way(NamedTuple):
    """How copies are made, and where clips start.

    Attributes:
        key_frames (int): Frames from one key frame to the next.
        b_frames (bool): Every second frame is a B-frame that no other frame
            needs. Clips at 2x start at an even frame, so that the decoder
            leaves out the B-frames.
        at_key_frames (bool): Clips start at key frames.
    """
    key_frames: int
    b_frames: bool = False
    at_key_frames: bool = False

    @property
    def copies(self) -> str:
        """str: The name of the copies."""
        return (f'key frames every {self.key_frames}'
                f'{", B-frames" if self.b_frames else ""}')

    @property
    def name(self) -> str:
        """str: The name of the way."""
        return (f'{self.copies}, starts '
                f'{"at key frames" if self.at_key_frames else "anywhere"}')


WAYS = [
    Way(key_frames, b_frames, at_key_frames) for b_frames in (False, True)
    for key_frames in (16, 8) for at_key_frames in (False, True)
]
CLIPS = {'1x': (1, ), '2x': (2, ), 'pair': (1, 2)}


def run(videos: str, clip_len: int, limit: int, repeats: int,
        out: str) -> None:
    """Encode videos in every way and time the decoding of their clips.

    Args:
        videos (str): Folder of videos of the size that is trained on.
        clip_len (int): Frames per clip.
        limit (int): The most videos that are taken.
        repeats (int): Rounds that count.
        out (str): Folder of ``key_frames.json``.

    Raises:
        InputError: If there are no videos or too many, or one is shorter
            than a clip at 2x.
    """
    paths = find_videos(videos)
    if not paths or len(paths) > limit:
        raise InputError(
            f'{videos} holds {len(paths)} videos: give a folder of 1 to '
            f'{limit}, or another --limit')
    with tempfile.TemporaryDirectory() as folder:
        copies: Dict[str, List[str]] = {}
        for way in WAYS:
            if not way.at_key_frames:
                copies[way.copies] = [
                    encode(osp.join(videos, path),
                           osp.join(folder, f'{len(copies)}_{index}.mp4'),
                           way) for index, path in enumerate(paths)
                ]
        parts = {
            f'{way.name}: {name}': partial(
                decode_clips, copies[way.copies], way, clip_len, speeds)
            for way in WAYS for name, speeds in CLIPS.items()
        }
        seconds = side_by_side(parts, repeats, clock=time.process_time)
        decoded = {name: part() / len(paths) for name, part in parts.items()}
        sizes = {name: sum(map(osp.getsize, files))
                 for name, files in copies.items()}
    per_video = {name: [value / len(paths) for value in values]
                 for name, values in seconds.items()}
    first = f'{WAYS[0].name}: pair'
    publish(
        'key_frames',
        dict(videos=len(paths), clip_len=clip_len, quality=QUALITY,
             unit='processor seconds per video', bytes=sizes,
             frames_decoded=decoded),
        per_video, [
            ratio(f'{first} / {way.name}', per_video, first,
                  f'{way.name}: pair') for way in WAYS[1:]
        ], out)


def encode(source: str, target: str, way: Way) -> str:
    """Encode a video as transcoding does, with its key frames; the target.

    Args:
        source (str): The video.
        target (str): The new file.
        way (Way): How it is encoded.
    """
    recipe, stream = Recipe(0, way.key_frames, QUALITY, None), None
    with av.open(source) as container, av.open(
            target, 'w', options={'movflags': '+faststart'}) as copy:
        rate = container.streams.video[0].average_rate
        for number, picture in enumerate(container.decode(video=0)):
            if stream is None:
                stream = add_stream(copy, picture, rate, recipe)
                if way.b_frames:
                    stream.options = dict(
                        stream.options, bf='1', **{'b-pyramid': 'none'})
                    stream.options['x264-params'] += ':b-adapt=0'
            picture.pts, picture.time_base = number, 1 / rate
            picture.pict_type = 0
            copy.mux(stream.encode(picture))
        copy.mux(stream.encode(None))
    return target


def decode_clips(files: Sequence[str], way: Way, clip_len: int,
                 speeds: Sequence[int]) -> int:
    """Decode a clip per speed of each file; the number of decoded frames.

    Args:
        files (Sequence[str]): Copies of this way.
        way (Way): How they are encoded, and where clips start.
        clip_len (int): Frames per clip.
        speeds (Sequence[int]): Playback speeds.

    Raises:
        InputError: If a video is too short.
    """
    decoded, generator = 0, np.random.default_rng(0)
    for file in files:
        container = open_file(file)
        stream = video_stream(container)
        timetable = from_index(container, stream)
        if timetable is None:
            timetable = from_packets(container, stream)
            container.close()
            container = open_file(file)
            stream = video_stream(container)
        stamps, keys = timetable.stamps, timetable.keys
        for speed in speeds:
            span = (clip_len - 1) * speed + 1
            if span > len(stamps):
                raise InputError(f'{file} has {len(stamps)} frames: a clip at '
                                 f'{speed}x needs {span}')
            start = generator.integers(len(stamps) - span + 1)
            place = bisect_right(keys, start) - 1
            skip = way.b_frames and speed == 2
            if way.at_key_frames:
                start = keys[place]
            elif skip:
                start -= start % 2
            wanted = {stamps[start + speed * n] for n in range(clip_len)}
            stream.codec_context.skip_frame = 'NONREF' if skip else 'DEFAULT'
            container.seek(timetable.seeks[place], stream=stream)
            source = packets(container, stream)
            for packet in source:
                for frame in packet.decode():
                    decoded += 1
                    wanted.discard(frame.pts)
                if not wanted:
                    break
            source.close()
            if wanted:
                raise RuntimeError(f'{file}: frames are missing')
        container.close()
    return decoded
