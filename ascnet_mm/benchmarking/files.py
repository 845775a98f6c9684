"""Which files of a folder can be read, and whether training outlives them."""
import multiprocessing
import os
import os.path as osp
import re
import signal
import subprocess
import sys
from collections import Counter
from tempfile import TemporaryDirectory
from typing import Dict, List, Optional

import decord
import numpy as np

from ..datasets import DecodeFrames, DecodePlanes, OpenVideo
from ..datasets.video import UnreadableVideo, within
from ..datasets.video_folder import EXTENSIONS, find_videos
from ..errors import InputError
from ..figures import write_figures
from ..preparation import make_set

FRAMES = 16
TIME_LIMIT = 60
# The smallest pre-training: what counts is that it comes to its end.
TINY = [
    'model.backbone.base_channels=2', 'model.acp_head.in_channels=16',
    'model.scp_head.in_channels=16', 'model.acp_head.hidden_channels=8',
    'model.scp_head.hidden_channels=8', 'model.memory_bank.size=32',
    'clip_len=8', 'batch_size=8', 'scale=(24,24)', 'sync_bn=None',
    'train_dataloader.num_workers=2', 'train_dataloader.drop_last=False',
    'train_dataloader.dataset.part=all',
    'val_cfg=None', 'val_dataloader=None', 'val_evaluator=None'
]  # yapf: disable


def why_unreadable(path: str) -> Optional[str]:
    """Why frames of a file cannot be read by both our ways, if so."""

    def read() -> None:
        for decode in (DecodePlanes(), DecodeFrames()):
            results = OpenVideo().transform(dict(filename=path, num_clips=1))
            last = results['total_frames'] - 1
            results['frame_inds'] = np.linspace(0, last, FRAMES).astype(int)
            decode.transform(results)

    try:
        within(TIME_LIMIT, read)
    except (UnreadableVideo, TimeoutError) as error:
        return re.sub(r'\d+', 'N', str(error))
    return None


def decord_reads(path: str) -> bool:
    """Whether decord reads them, in a process that it may take along."""
    process = multiprocessing.get_context('fork').Process(
        target=_read_with_decord, args=(path, ))
    process.start()
    process.join()
    return process.exitcode == 0


def _read_with_decord(path: str) -> None:
    signal.alarm(TIME_LIMIT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    reader = decord.VideoReader(path, num_threads=1)
    reader.get_batch(np.linspace(0, len(reader) - 1, FRAMES).astype(int))


def train_on(paths: List[str], epochs: int) -> Dict[str, object]:
    """Pre-train on a rendered set with these files mixed in.

    Args:
        paths (list[str]): The files.
        epochs (int): Of the training.

    Returns:
        dict: How the training ended, and what it said of the files.
    """
    with TemporaryDirectory() as folder:
        videos, work = osp.join(folder, 'videos'), osp.join(folder, 'work')
        make_set(videos, train=20, test=0, seed=0)
        os.mkdir(osp.join(videos, 'odd'))
        for number, path in enumerate(paths):
            # What has no video's name gets one, to be tried as well.
            name = osp.basename(path)
            if not name.lower().endswith(EXTENSIONS):
                name += '.mp4'
            os.symlink(osp.abspath(path),
                       osp.join(videos, 'odd', f'{number}_{name}'))
        done = subprocess.run(
            [sys.executable, '-m', 'ascnet_mm_cli', 'train',
             'ascnet_mm::ascnet/r18_folder.py', '--work-dir', work,
             '--seed', '0', '--cfg-options', *TINY,
             f'data_root={videos}', f'train_cfg.max_epochs={epochs}'],
            capture_output=True, text=True)  # yapf: disable
        printed = done.stdout + done.stderr
        listed = osp.join(work, 'skipped_videos.txt')
        lines = []
        if osp.exists(listed):
            with open(listed, encoding='utf-8') as file:
                lines = file.read().splitlines()
        return dict(
            videos=len(find_videos(videos)),
            epochs=epochs,
            exit_code=done.returncode,
            skipped=len(lines),
            named_twice=len(lines) - len({
                line.split('\t')[0] for line in lines}),
            warnings=printed.count('skipped, cannot be read'))


def run(folder: str, epochs: int, out: str) -> None:
    """Try all files, print and write ``reliability_files.json``.

    Args:
        folder (str): Of files of any kind.
        epochs (int): Of the training with all of them.
        out (str): Folder of the JSON file.

    Raises:
        InputError: If there is no such folder, or nothing in it.
    """
    if not osp.isdir(folder):
        raise InputError(f'there is no folder {folder}')
    paths = [osp.join(folder, path)
             for path in find_videos(folder, ('', ))]
    if not paths:
        raise InputError(f'the folder {folder} is empty')
    reasons = {path: why_unreadable(path) for path in paths}
    readable = [path for path in paths if reasons[path] is None]
    by_reason = Counter(why for why in reasons.values() if why)
    with_decord = {path for path in paths if decord_reads(path)}
    training = train_on(paths, epochs)
    print(f'{len(readable)} of {len(paths)} files can be read, '
          f'{len(with_decord)} by decord')
    for why, count in by_reason.most_common():
        print(f'{count:6}  {why}')
    print(f'training with all of them: {training}')
    write_figures(
        'reliability_files', out,
        settings=dict(
            frames=FRAMES, time_limit=TIME_LIMIT),
        files=dict(
            tried=len(paths),
            readable=len(readable),
            skipped=len(paths) - len(readable),
            by_reason=dict(by_reason.most_common()),
            read_by_decord=len(with_decord),
            read_by_decord_alone=len(with_decord.difference(readable))),
        training=training)
