"""How long a pair of clips takes until it is ready for the device."""
import os
import os.path as osp
import random
import time
from collections import defaultdict
from contextlib import ExitStack
from statistics import median
from typing import Any, Callable, Dict, List, Optional
from unittest.mock import patch

import decord
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.registry import init_default_scope

from ..datasets.transforms import decode
from ..datasets.video import VideoReader
from ..datasets.video_folder import find_videos
from ..errors import InputError
from .timing import publish, ratio, side_by_side

META = ('filename', 'video_id', 'speeds', 'sample_seed')
AREA = (0.4, 1.0)
# What the transforms of our pipeline do, in their order
PARTS = ('opening', 'choosing frames', 'decoding', 'drawing crops', 'packing')


def pipelines(clip_len: int, size: int) -> Dict[str, List[dict]]:
    """Our pipeline, and MMAction2's own transforms for the same clips."""
    sample = dict(type='SpeedPairedSampleFrames', clip_len=clip_len)
    return dict(
        ours=[
            dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
            dict(type='SampleCrops', scale=(size, size), area_range=AREA,
                 flip_ratio=0.5), dict(type='PackClips')
        ],
        mmaction2=[
            dict(type='DecordInit'), sample, dict(type='DecordDecode'),
            dict(type='RandomResizedCrop', area_range=AREA),
            dict(type='Resize', scale=(size, size), keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs', meta_keys=META)
        ])  # yapf: disable


def variants(folder: str, paths: List[str], clip_len: int,
             size: int) -> Dict[str, Callable[[], Any]]:
    """What is timed: each goes once over all videos, with the same frames."""
    sets = {
        name: DATASETS.build(
            dict(type='VideoFolder', data_root=folder, pipeline=pipeline))
        for name, pipeline in pipelines(clip_len, size).items()
    }
    wanted = _frames_of_ours(sets['ours'], len(paths))

    def load(name: str) -> None:
        for index in range(len(paths)):
            sets[name][index]

    def decode_with_decord() -> None:
        for path, frames in zip(paths, wanted):
            reader = decord.VideoReader(osp.join(folder, path), num_threads=1)
            reader.get_batch(frames)

    def decode_and_throw_away() -> None:
        for path, frames in zip(paths, wanted):
            reader = VideoReader(osp.join(folder, path))
            for _ in reader.frames(frames):
                pass
            reader.close()

    return {
        'ours': lambda: load('ours'),
        "MMAction2's pipeline": lambda: load('mmaction2'),
        'decord, bare': decode_with_decord,
        'decoded, thrown away': decode_and_throw_away,
    }


def _frames_of_ours(dataset: Any, videos: int) -> List[List[int]]:
    """The frames that our data set decodes of each video, ascending."""
    decode = dataset.pipeline.transforms[2]
    wanted, transform = [], decode.transform

    def listen(results: dict) -> dict:
        wanted.append(np.unique(results['frame_inds']).tolist())
        return transform(results)

    decode.transform = listen
    for index in range(videos):
        dataset[index]
    decode.transform = transform
    return wanted


def parts_of_ours(folder: str, videos: int, clip_len: int, size: int,
                  repeats: int) -> Dict[str, List[float]]:
    """What our loader spends its time on.

    Args:
        folder (str): The videos.
        videos (int): How many they are.
        clip_len (int): Frames per clip.
        size (int): Width and height of the clips.
        repeats (int): Rounds that count, after one that warms up.

    Returns:
        dict[str, list[float]]: Processor seconds per pair by part, a number
        per round; seeds, identities and the hand-over between threads are
        the rest.
    """
    dataset = DATASETS.build(
        dict(type='VideoFolder', data_root=folder,
             pipeline=pipelines(clip_len, size)['ours']))  # yapf: disable
    spent: Dict[str, float] = defaultdict(float)
    rounds: Dict[str, List[float]] = defaultdict(list)

    def timed(part: str, function: Callable) -> Callable:
        def call(*args: Any) -> Any:
            start = time.thread_time()
            result = function(*args)
            spent[part] += time.thread_time() - start
            return result

        return call

    with ExitStack() as patches:
        for part, transform in zip(PARTS, dataset.pipeline.transforms):
            patches.enter_context(
                patch.object(transform, 'transform',
                             timed(part, transform.transform)))
        patches.enter_context(
            patch.object(decode._Planes, 'put',
                         timed('copying planes', decode._Planes.put)))
        for number in range(repeats + 1):
            spent.clear()
            start = time.process_time()
            for index in range(videos):
                dataset[index]
            whole = time.process_time() - start
            spent['decoding'] -= spent['copying planes']
            spent['the rest'] = whole - sum(spent.values())
            if number:
                for part, seconds in spent.items():
                    rounds[part].append(seconds / videos)
    return rounds


def memory_growth(folder: str, loads: int, clip_len: int, size: int) -> float:
    """Bytes that the process grows by per video, over many loads.

    Args:
        folder (str): The videos, over and over again.
        loads (int): How many, after as many as a twentieth to warm up.
        clip_len (int): Frames per clip.
        size (int): Width and height of the clips.

    Returns:
        float: Slope of the resident size, by least squares over 100 points.
    """
    dataset = DATASETS.build(
        dict(type='VideoFolder', data_root=folder,
             pipeline=pipelines(clip_len, size)['ours']))  # yapf: disable
    points = []
    for number in range(-loads // 20, loads):
        dataset[number % len(dataset)]
        if number >= 0 and number % max(1, loads // 100) == 0:
            with open('/proc/self/statm') as file:
                pages = int(file.read().split()[1])
            points.append((number, pages * os.sysconf('SC_PAGE_SIZE')))
    return float(np.polyfit(*zip(*points), 1)[0])


def run(videos: str, originals: Optional[str], clip_len: int, size: int,
        limit: int, soak: int, repeats: int, out: str) -> None:
    """Measure processor time, print and write ``data.json``.

    Args:
        videos (str): Folder of prepared videos.
        originals (str, optional): Folder of the same videos, not prepared.
        clip_len (int): Frames per clip.
        size (int): Width and height of the clips.
        limit (int): The most videos that are taken.
        soak (int): Videos to load to see whether memory grows; 0 for none.
        repeats (int): Rounds that count.
        out (str): Folder of the file.

    Raises:
        InputError: If there are no videos, too many, or other originals.
    """
    init_default_scope('mmaction')
    torch.set_num_threads(1)
    random.seed(0)
    np.random.seed(0)
    paths = find_videos(videos)
    if not paths or len(paths) > limit:
        raise InputError(
            f'{videos} holds {len(paths)} videos: give a folder of 1 to '
            f'{limit}, or another --limit')
    timed = variants(videos, paths, clip_len, size)
    if originals:
        others = find_videos(originals)
        if len(others) != len(paths):
            raise InputError(
                f'{originals} holds {len(others)} videos, '
                f'{videos} {len(paths)}: they must be the same videos')
        timed.update({
            f'{name}, originals': load for name, load in variants(
                originals, others, clip_len, size).items()
        })
    # A loader keeps all cores busy, so what counts is the work of all threads
    # (decord has one beside the one that converts colors).
    seconds = side_by_side(timed, repeats, clock=time.process_time)
    per_pair = {name: [value / len(paths) for value in values]
                for name, values in seconds.items()}
    ratios = [
        ratio('ours / decoding the same frames', per_pair, 'ours',
              'decoded, thrown away', '<= 1.25'),
        ratio("decord's bare decoding / ours", per_pair, 'decord, bare',
              'ours', '>= 1.5'),
        ratio("MMAction2's pipeline / ours", per_pair, "MMAction2's pipeline",
              'ours', '>= 1.5'),
    ]
    if originals:
        ratios += [
            ratio('ours on originals / ours on prepared', per_pair,
                  'ours, originals', 'ours', '>= 7'),
            ratio("MMAction2's pipeline / ours, originals", per_pair,
                  "MMAction2's pipeline, originals", 'ours, originals',
                  '>= 1.0'),
        ]
    parts = parts_of_ours(videos, len(paths), clip_len, size,
                          repeats)
    per_pair.update(
        (f'of ours: {part}', values) for part, values in parts.items())
    print(f'one core prepares {1 / median(per_pair["ours"]):.0f} pairs a '
          'second: a device that trains N pairs a second needs N times '
          f'{median(per_pair["ours"]):.4f} cores for its loader')
    publish(
        'data',
        dict(
            videos=len(paths),
            bytes=sum(
                osp.getsize(osp.join(videos, path)) for path in paths),
            clip_len=clip_len,
            size=size,
            unit='processor seconds per pair',
            soak=soak,
            soak_bytes_per_video=soak and round(memory_growth(
                videos, soak, clip_len, size), 1)),
        per_pair, ratios, out)
