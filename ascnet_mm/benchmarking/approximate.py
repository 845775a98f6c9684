"""Search among all clips of a collection and among those of some lists."""
import contextlib
import itertools
import os
import os.path as osp
import time
from typing import Any, Callable, Dict, List, Sequence

import numpy as np
from rich.progress import track

from ..collection import Collection, InvertedLists
from ..collection.embedding import Embedded
from ..collection.layout import (
    FORMAT,
    LISTS,
    MANIFEST,
    SHARDS,
    VERSION,
    Video,
)
from ..collection.shards import write_shard
from ..figures import write_figures
from ..files import write_json
from .retrieval import peak_memory
from .timing import side_by_side

TOP = 10
PROBES = (4, 8, 16, 32, 64, 128)
# Clips of a video, and videos of a kind: their features crowd together.
CLIPS, ALIKE = 50, 20
# How far videos are from their kind, and clips from their video, by the
# spread of kinds
VIDEO_SPREAD, CLIP_SPREAD = 0.7, 0.5
# Videos of a shard
VIDEOS = 100


def run(sizes: Sequence[int], channels: int, queries: int, work_dir: str,
        out: str) -> None:
    """Measure and write ``approximate.json``.

    Args:
        sizes (Sequence[int]): How many clips the collections have.
        channels (int): Of their features.
        queries (int): How many are searched for, one at a time.
        work_dir (str): Where the collections are kept. What is there is used
            again.
        out (str): Folder of the file.
    """
    rows = []
    for size in sizes:
        folder = osp.join(work_dir, f'{size}x{channels}')
        features = Features(size // CLIPS, channels)
        if not osp.exists(osp.join(folder, MANIFEST)):
            write_random(folder, features)
        rows.append(measured(Collection(folder), features.queries(queries)))
        print(rows[-1])
    write_figures(
        'approximate', out,
        settings=dict(channels=channels, queries=queries, top=TOP,
                      dtype='float16', clips_of_a_video=CLIPS,
                      videos_of_a_kind=ALIKE),
        rows=rows)


class Features:
    """Random features that crowd as those of videos do.

    Directions count less and less, as in a network's features; each video is
    of a kind, and its clips are alike.

    Args:
        videos (int): V.
        channels (int): C.
    """

    def __init__(self, videos: int, channels: int) -> None:
        self.rng = np.random.default_rng(0)
        self.scale = np.arange(1, channels + 1, dtype=np.float32)**-0.5
        kinds = self._noise(max(videos // ALIKE, 1))
        self.videos = kinds[self.rng.integers(len(kinds), size=videos)]
        self.videos += VIDEO_SPREAD * self._noise(videos)

    def _noise(self, *shape: int) -> np.ndarray:
        noise = self.rng.standard_normal(
            (*shape, len(self.scale)), dtype=np.float32)
        return noise * self.scale

    def clips(self, video: int) -> np.ndarray:
        """Of a video, float32 ``[CLIPS, C]``; new ones each time."""
        return self.videos[video] + CLIP_SPREAD * self._noise(CLIPS)

    def queries(self, count: int) -> np.ndarray:
        """Clips of random videos that are in no collection: ``[count, C]``."""
        self.rng = np.random.default_rng(1)
        chosen = self.rng.integers(len(self.videos), size=count)
        return self.videos[chosen] + CLIP_SPREAD * self._noise(count)


def write_random(folder: str, features: Features) -> None:
    """Write a collection of videos that do not exist."""
    os.makedirs(osp.join(folder, SHARDS), exist_ok=True)
    names: List[str] = []
    start = np.arange(CLIPS, dtype=np.float64)
    for first in track(range(0, len(features.videos), VIDEOS), folder):
        videos = range(first, min(first + VIDEOS, len(features.videos)))
        names.append(f'{len(names):032x}')
        write_shard(
            folder, names[-1],
            [Video(f'{video:08}.mp4', 0, 0, -1) for video in videos],
            [Embedded(features.clips(video), start, start + 2, 25.)
             for video in videos], 'float16')
    write_json(
        osp.join(folder, MANIFEST),
        dict(format=FORMAT, version=VERSION, root=folder, encoder={},
             recipe={}, window=2.0, stride=1.0, dtype='float16',
             channels=len(features.scale), shards=names, versions={}))


def measured(collection: Collection, queries: np.ndarray) -> Dict[str, Any]:
    """Processor seconds of both searches, and what the lists find and cost."""
    collection.clips  # noqa: B018, read once
    exact = collection.search(queries, TOP).row
    with contextlib.suppress(FileNotFoundError):
        os.remove(osp.join(collection.folder, LISTS))
    start = time.process_time()
    InvertedLists(collection)
    made = time.process_time()
    lists = InvertedLists(collection)
    opened = time.process_time()
    recall = {}
    for lists.probes in PROBES:
        found = lists.search(queries, TOP).row
        recall[lists.probes] = share_found(exact, found)
    lists = InvertedLists(collection)

    def one_by_one(searched) -> Callable[[], Any]:
        waiting = itertools.cycle(queries)
        return lambda: searched.search(next(waiting), TOP)

    seconds = side_by_side(
        dict(exact=one_by_one(collection), lists=one_by_one(lists)),
        len(queries), time.process_time)
    return dict(
        clips=len(collection), lists=len(lists.centers),
        seconds_to_make=made - start, seconds_to_open=opened - made,
        seconds=seconds, recall=recall, measured_recall=lists.recall,
        peak_mb=peak_memory())


def share_found(exact: np.ndarray, found: np.ndarray) -> float:
    """Share of the rows of one search that are among those of another.

    Examples:
        >>> share_found(np.array([[4, 7], [1, 2]]), np.array([[7, 9], [2, 1]]))
        0.75
    """
    right = [len(np.intersect1d(*rows)) for rows in zip(exact, found)]
    return sum(right) / exact.size
