"""Indexing beside the decoding and the encoder passes that it consists of,
and beside MMAction2's inferencer.
"""
import multiprocessing
import os
import os.path as osp
import resource
import shutil
import time
from multiprocessing.connection import Connection
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import av
import numpy as np
import torch
from mmengine.config import Config

from .. import collection
from ..datasets.video import UnreadableVideo, open_file, video_stream
from ..datasets.video_folder import find_videos
from ..device import cores
from ..errors import InputError
from ..figures import write_figures
from ..files import write_lines
from ..inference import load_encoder
from .timing import Ratio

Shape = Tuple[int, ...]


class Usage(NamedTuple):
    """What a process and its workers took.

    Attributes:
        seconds (float): On the wall.
        cpu_seconds (float): Of the processor, all of them together.
        peak_mb (int): The most memory of the process.
        worker_mb (int): The most memory of a worker; 0 without one.
        result (Any): What was done.
    """
    seconds: float
    cpu_seconds: float
    peak_mb: int
    worker_mb: int
    result: Any


def run(videos: str, encoder: Sequence[str], work_dir: str, count: int,
        out: str) -> None:
    """Measure and write ``index.json``.

    Args:
        videos (str): Folder of the videos.
        encoder (Sequence[str]): A checkpoint; or a config and a checkpoint.
        work_dir (str): Where the collection is kept; it is made anew.
        count (int): How many videos, chosen at random and always the same.
        out (str): Folder of the JSON file.

    Raises:
        InputError: If there are no videos, or the encoder is a 2-D one.
    """
    files = find_videos(videos)
    np.random.default_rng(0).shuffle(files)
    files = sorted(files[:count])
    if not files:
        raise InputError(f'there are no videos in {videos}')
    paths = [osp.join(videos, file) for file in files]
    os.makedirs(work_dir, exist_ok=True)
    listed = osp.join(work_dir, 'videos.txt')
    write_lines(listed, files)
    folder = osp.join(work_dir, 'collection')
    ours = usage_of(index, listed, videos, folder, list(encoder))
    shapes = ours.result.pop('shapes')
    if len(shapes[0]) != 5:
        raise InputError('the comparison is of 3-D encoders: MMAction2 '
                         'samples frames of the whole video for others')
    found = dict(
        ours=ours,
        decoding=usage_of(decode, paths),
        passes=usage_of(encode, list(encoder), shapes),
        inferencer=usage_of(infer, list(encoder), paths, shapes[0]))
    rows = {name: usage._asdict() for name, usage in found.items()}
    ratios = ratios_of(found, len(files))
    for name, row in rows.items():
        print(name, row)
    for item in ratios:
        print(item)
    write_figures(
        'index', out,
        settings=dict(videos=len(files), workers=cores(),
                      clip=list(shapes[0][2:])),
        rows=rows,
        ratios=[dict(item._asdict(), met=item.holds) for item in ratios])


def ratios_of(found: Dict[str, Usage], videos: int) -> List[Ratio]:
    """Processor seconds and speeds compared."""
    ours, others = found['ours'], found['inferencer']
    least = found['decoding'].cpu_seconds + found['passes'].cpu_seconds

    def clips_a_second(usage: Usage) -> float:
        return usage.result['clips'] / usage.cpu_seconds

    return [
        Ratio('processor seconds, ours / decoding and passes',
              ours.cpu_seconds / least, '<= 1.3'),
        Ratio('clips per processor second, ours / inferencer',
              clips_a_second(ours) / clips_a_second(others), '>= 2'),
        Ratio('videos per second, ours / inferencer',
              others.seconds / ours.seconds)]


# ------------------------------------------------------- what is measured


def index(listed: str, root: str, folder: str,
          encoder: List[str]) -> Dict[str, Any]:
    """``ascnet-mm index``: all windows of all videos."""
    shutil.rmtree(folder, ignore_errors=True)
    opened = load_encoder(*encoder)
    shapes: List[Shape] = []
    opened.register_forward_pre_hook(
        lambda _, clips: shapes.append(tuple(clips[0].shape)))
    made = collection.index(listed, folder, opened, root=root)
    return dict(videos=len(made.videos), unreadable=len(made.unreadable),
                windows=len(made), clips=sum(shape[0] for shape in shapes),
                shapes=shapes)


def decode(paths: List[str]) -> Dict[str, int]:
    """All frames of all videos, and nothing done with them."""
    frames = 0
    for path in paths:
        try:
            with open_file(path) as container:
                stream = video_stream(container)
                stream.thread_count = 1
                frames += sum(1 for _ in container.decode(stream))
        except (UnreadableVideo, av.FFmpegError):
            continue
    return dict(frames=frames)


@torch.inference_mode()
def encode(encoder: List[str], shapes: List[Shape]) -> Dict[str, int]:
    """As many passes of the encoder, over noise."""
    opened = load_encoder(*encoder)
    noise = {shape: torch.randn(shape) for shape in set(shapes)}
    for shape in shapes:
        opened(noise[shape])
    return dict(clips=sum(shape[0] for shape in shapes))


def infer(encoder: List[str], paths: List[str],
          shape: Shape) -> Dict[str, int]:
    """MMAction2's inferencer: of each video one clip, which it decides.

    Raises:
        InputError: If it can read none.
    """
    from mmaction.apis import MMAction2Inferencer
    opened = load_encoder(*encoder)
    channels = opened(torch.zeros(1, *shape[1:])).shape[1]
    inferencer = MMAction2Inferencer(
        config_of(opened.recipe['backbone'], channels, opened.interval,
                  shape),
        device='cpu')
    inferencer.actionrecog_inferencer.show_progress = False
    faults: List[Exception] = []
    for path in paths:
        try:
            inferencer(path)
        # decord and its transforms raise what they like.
        except Exception as error:
            faults.append(error)
    if len(faults) == len(paths):
        raise InputError('MMAction2 can read none of the videos; of the '
                         f'last: {faults[-1]}') from faults[-1]
    return dict(clips=len(paths) - len(faults), unreadable=len(faults))


def config_of(backbone: dict, channels: int, interval: int,
              shape: Shape) -> Config:
    """A classifier with this encoder, by MMAction2's own transforms."""
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SampleFrames', clip_len=shape[2], frame_interval=interval,
             num_clips=1, test_mode=True),
        dict(type='DecordDecode'),
        dict(type='Resize', scale=(shape[4], shape[3]), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs')]  # yapf: disable
    return Config(dict(
        default_scope='mmaction',
        model=dict(
            type='Recognizer3D', backbone=dict(backbone),
            cls_head=dict(type='I3DHead', num_classes=2,
                          in_channels=channels, average_clips='prob'),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375], format_shape='NCTHW')),
        test_dataloader=dict(dataset=dict(
            type='VideoDataset', pipeline=pipeline))))  # yapf: disable


# ---------------------------------------------------------- how it is done


def usage_of(work: Callable[..., Any], *arguments: Any) -> Usage:
    """Do something in a process of its own, and tell what it took.

    What the process takes to start is not counted.

    Raises:
        InputError: If it ends without a result.
    """
    context = multiprocessing.get_context('spawn')
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(send, work, arguments))
    process.start()
    send.close()
    try:
        return receive.recv()
    except EOFError as error:
        raise InputError(f'{work.__name__} has failed: see above') from error
    finally:
        process.join()


def _measure(send: Connection, work: Callable[..., Any],
             arguments: Sequence[Any]) -> None:
    start, before = time.perf_counter(), _cpu_seconds()
    result = work(*arguments)
    send.send(Usage(
        time.perf_counter() - start, _cpu_seconds() - before, _peak_mb(),
        round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3),
        result))


def _cpu_seconds() -> float:
    """Of this process and the workers that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF,
                                             resource.RUSAGE_CHILDREN)))


def _peak_mb() -> int:
    """The most memory of this process; getrusage's is of its parent, too."""
    with open('/proc/self/status') as file:
        fields = dict(line.split(':', 1) for line in file)
    return round(int(fields['VmHWM'].split()[0]) / 1e3)
