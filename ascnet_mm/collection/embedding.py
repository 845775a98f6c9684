"""Videos decoded by workers and encoded where the encoder is."""
import os.path as osp
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ..clip_reader import ClipReader, Part, Windows
from ..datasets.base import seeded
from ..datasets.machine import Patience, holds_files
from ..datasets.transport import report_what_cannot_be_sent
from ..datasets.video import (
    MiscountedVideo,
    UnreadableVideo,
    reason,
    within,
)
from ..inference import VideoEncoder, mean_of_windows

# Seconds that a part of a video may take, and that a fault of the machine's
# is waited for to pass: as in training.
TIME_LIMIT = 60
PATIENCE = 30
# Bytes of a file that may take a time limit to open (ours)
OPENED = 2**26


class Embedded(NamedTuple):
    """The clips of a video.

    Attributes:
        features (np.ndarray): float32 ``[clips, C]``.
        start (np.ndarray): Seconds, float64 ``[clips]``.
        end (np.ndarray): Likewise.
        fps (float): Frames per second.
    """
    features: np.ndarray
    start: np.ndarray
    end: np.ndarray
    fps: float


# What a worker sends of a video: its windows at first, then their clips; or
# why it cannot be read.
Sent = Tuple[int, Union[Windows, Part, str]]


class _Parts(IterableDataset):
    """Parts of videos one after the other; each worker has its own videos.

    No part has clips of two videos: the features of a video depend on it
    alone, whatever stands beside it and however many workers there are.
    """

    def __init__(self, reader: ClipReader, paths: List[str], window: float,
                 stride: float) -> None:
        self.reader = reader
        self.paths = paths
        self.window = window
        self.stride = stride
        self.folders = frozenset(
            filter(holds_files, {osp.dirname(path) for path in paths}))

    def __iter__(self) -> Iterator[Sent]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for number in range(first, len(self.paths), step):
            for sent in self._patiently(self.paths[number]):
                yield number, sent

    def _patiently(self, path: str) -> Iterator[Union[Windows, Part, str]]:
        patience = Patience(path, self.folders, TIME_LIMIT, PATIENCE,
                            'run it again')
        in_order = False
        while True:
            try:
                yield from self._read(path, in_order)
                return
            except MiscountedVideo as error:
                if in_order:
                    yield str(error)
                    return
                in_order = True
            except (UnreadableVideo, OSError, MemoryError) as error:
                try:
                    patience.wait_or_raise(error)
                except (UnreadableVideo, OSError, MemoryError) as verdict:
                    yield reason(verdict)
                    return

    def _read(self, path: str,
              in_order: bool) -> Iterator[Union[Windows, Part]]:
        video = dict(filename=path, start_index=0, modality='RGB', label=-1,
                     in_order=in_order)
        parts = self.reader.windows(video, self.window, self.stride)
        # Some files have to be decoded as a whole before the first part.
        size = osp.getsize(path) if osp.isfile(path) else 0
        limit = TIME_LIMIT * (1 + size // OPENED)
        while True:
            # Around the thread: one that is left behind draws no more.
            with seeded(0):
                sent = within(limit, next, parts, None)
            if sent is None:
                return
            yield sent
            limit = TIME_LIMIT


def embed(encoder: VideoEncoder, paths: List[str], window: float,
          stride: float,
          workers: int) -> Iterator[Tuple[int, Union[Embedded, str]]]:
    """Features of the windows of videos.

    Beside the result of each video, a few parts per worker are in memory,
    however long the video is.

    Args:
        encoder (VideoEncoder): It stays in this process.
        paths (list[str]): The files.
        window (float): Seconds of a window.
        stride (float): Seconds from the start of one to the next.
        workers (int): Processes that decode; 0: this one does.

    Yields:
        tuple[int, Embedded | str]: The place of each video, as they are done,
        with its clips, or with why it cannot be read.
    """
    parts = _Parts(encoder.reader, paths, window, stride)
    workers = min(workers, len(paths))
    loader = DataLoader(
        parts,
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_start_worker,
        # torchrun's ranks would spawn them, and import everything again.
        multiprocessing_context='fork' if workers else None)
    windows: Dict[int, Windows] = {}
    features: Dict[int, List[Tensor]] = {}
    left: Dict[int, int] = {}  # clips
    for number, sent in loader:
        if isinstance(sent, Windows):
            # For the second time, if reading had to begin anew.
            windows[number], features[number] = sent, []
            left[number] = len(sent.frames)
        elif isinstance(sent, Part):
            features[number].append(encoder.encode(sent))
            left[number] -= len(features[number][-1])
            if not left[number]:
                del left[number]
                yield number, _embedded(
                    windows.pop(number), features.pop(number))
        else:
            for known in (windows, features, left):
                known.pop(number, None)
            yield number, sent


def _embedded(windows: Windows, features: List[Tensor]) -> Embedded:
    means = mean_of_windows(torch.cat(features), windows)
    return Embedded(means.numpy(), windows.start, windows.end, windows.fps)


def _as_it_is(sent: Optional[Sent]) -> Optional[Sent]:
    return sent


def _start_worker(number: int) -> None:
    # The workers are as many as the cores.
    cv2.setNumThreads(0)
    report_what_cannot_be_sent()
