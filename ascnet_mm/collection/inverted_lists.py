"""Search among a part of a collection: the clips nearest to a query's kind.

FAISS divides the clips into lists, each around a center. A query is compared
with the clips of the lists whose centers are nearest to it. The features stay
where they are; in addition, the centers and the list of each clip are stored,
as arrays that contain only data.
"""
import io
import logging
import math
import os.path as osp
import zipfile
from types import ModuleType
from typing import Dict, Optional, Union

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from ..errors import InputError
from ..evaluation.search import nearest, require_numbers
from ..files import write_whole
from .features import NO_ARRAY, UnitRows
from .layout import LISTS, name_of, require_own_file
from .ranking import Neighbors, count_videos, ranked
from .reading import Collection

VERSION = 1
# Lists that a query is compared with at first; `tools/benchmark.py
# approximate` shows what more and fewer find.
PROBES = 32
# Clips per list that the centers are found from, and rounds of k-means (ours)
SAMPLE, ROUNDS = 64, 10
# Clips that the recall of a collection is measured with, and how many
# neighbors of each are to be found
QUERIES, TOP = 100, 10
# Rows in memory at a time
BLOCK = 2**14


class InvertedLists:
    """A collection whose clips are divided into lists, to be searched fast.

    Each of N clips is in one of about sqrt(N) lists. They are made once and
    kept in the collection's folder, in ``inverted_lists.npz``; where that
    file is missing, damaged or of other features, they are made anew.

    Args:
        collection (Collection): N clips, C channels.

    Attributes:
        centers (Tensor): Of the lists, float32 ``[L, C]``, of unit length.
        probes (int): How many lists are searched first for a query: 32, unless
            it is changed. More lists find more and take longer.
        recall (float): Share of the 10 nearest clips of other videos, one of
            each, that 32 lists find; measured with 100 clips of the
            collection.

    Raises:
        InputError: If the lists have to be made, and FAISS is not installed
            or the features hold NaN.

    Examples:
        >>> collection = Collection('mine')  # doctest: +SKIP
        >>> lists = InvertedLists(collection)  # doctest: +SKIP
        >>> lists.search(collection.features[7], top=3)  # doctest: +SKIP
        Neighbors(similarity=array([[1.   , 0.974, 0.97 ]], dtype=float32),
                  row=array([[   7, 4120,  198]]))
    """

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.probes = PROBES
        kept = _read(collection)
        made = _divide(collection) if kept is None else kept
        self.centers = torch.from_numpy(made['centers'])
        # Where the clips of each list begin among the rows of all lists
        self._rows = np.argsort(made['list'], kind='stable')
        self._first = np.searchsorted(
            made['list'][self._rows], np.arange(len(self.centers) + 1))
        if kept is None:
            made['recall'] = np.float64(self._measured_recall())
            try:
                _write(collection, made)
            except InputError as error:
                print_log(f'the lists are not kept: {error}', 'current',
                          logging.WARNING)
        self.recall = float(made['recall'])

    def search(self,
               queries: Union[np.ndarray, Tensor],
               top: int = 10,
               one_per_video: bool = True) -> Neighbors:
        """The most similar clips among the lists nearest to each query.

        Similarities are exact. More lists are searched where those hold
        clips of too few videos.

        Args:
            queries (np.ndarray | Tensor): ``[Q, C]``, or ``[C]`` for one.
            top (int): How many clips of each. Defaults to 10.
            one_per_video (bool): Of each video only its most similar clip.
                Defaults to True.

        Returns:
            Neighbors: As of :meth:`Collection.search`.

        Raises:
            InputError: As of :meth:`Collection.search`.
        """
        unit = self.collection.unit_queries(queries)
        if not len(unit):
            return self.collection.search(unit, top, one_per_video)
        found = [self._search(query[None], top, one_per_video)
                 for query in unit]
        return Neighbors(*map(np.concatenate, zip(*found)))

    def _search(self, query: Tensor, top: int,
                one_per_video: bool) -> Neighbors:
        video = self.collection.clips.video
        every = len(self.collection.videos) if one_per_video else len(video)
        probes = self.probes
        while True:
            rows = self._nearest_rows(query, probes)
            held = count_videos(video[rows]) if one_per_video else len(rows)
            if held >= min(top, every):
                break
            probes *= 4
        found = ranked(query, UnitRows(self.collection.features[rows]),
                       video[rows], top, one_per_video)
        return Neighbors(found.similarity, rows[found.row])

    def _nearest_rows(self, query: Tensor, probes: int) -> np.ndarray:
        """Rows in the lists nearest to a query, ascending."""
        _, lists = nearest(query, self.centers, probes)
        return np.sort(np.concatenate([
            self._rows[self._first[number]:self._first[number + 1]]
            for number in lists[0].tolist()
        ]))

    def _measured_recall(self) -> float:
        collection = self.collection
        size = min(QUERIES, len(collection))
        rows = np.random.default_rng(0).choice(
            len(collection), size, replace=False)
        queries = collection.features[rows]
        exact, found = (
            searched.search(queries, TOP + 1).row
            for searched in (collection, self))
        video = collection.clips.video
        right = total = 0
        for row, wanted, given in zip(rows, exact, found):
            wanted = set(wanted[video[wanted] != video[row]][:TOP].tolist())
            right += len(wanted.intersection(given.tolist()))
            total += len(wanted)
        return right / total if total else 1.


def require_faiss() -> ModuleType:
    """``faiss``.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise InputError('approximate search needs FAISS, which is not '
                         "installed: pip install 'ascnet_mm[faiss]'; exact "
                         'search needs nothing more') from error
    return faiss


def _divide(collection: Collection) -> Dict[str, np.ndarray]:
    """``centers``, float32 ``[L, C]``, and the ``list`` of each clip, int32
    ``[N]``, by k-means on some of the clips.
    """
    faiss = require_faiss()
    clips, channels = collection.features.shape
    count = max(1, round(math.sqrt(clips)))
    chosen = np.random.default_rng(0).choice(
        clips, min(clips, SAMPLE * count), replace=False)
    sample = UnitRows(collection.features[np.sort(chosen)])[:].numpy()
    require_numbers(sample)
    kmeans = faiss.Kmeans(
        channels, count, niter=ROUNDS, spherical=True, seed=0,
        min_points_per_centroid=1, max_points_per_centroid=SAMPLE)
    kmeans.train(sample)
    of_clip = np.empty(clips, np.int32)
    unit = UnitRows(collection.features)
    for start in range(0, clips, BLOCK):
        block = unit[start:start + BLOCK].numpy()
        require_numbers(block)
        of_clip[start:start + BLOCK] = kmeans.index.search(block, 1)[1][:, 0]
    return dict(centers=kmeans.centroids, list=of_clip)


def _digest(collection: Collection) -> str:
    """What the lists depend on."""
    return name_of([VERSION, collection.features_digest, PROBES, SAMPLE,
                    ROUNDS])


def _write(collection: Collection, made: Dict[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, digest=np.array(_digest(collection)), **made)
    write_whole(osp.join(collection.folder, LISTS), buffer.getbuffer())


def _read(collection: Collection) -> Optional[Dict[str, np.ndarray]]:
    """What is kept of the lists, or None if it is of no use."""
    path = osp.join(collection.folder, LISTS)
    if not osp.lexists(path):
        return None
    require_own_file(path)
    try:
        with zipfile.ZipFile(path) as packed:
            # What is compressed may become larger than any memory.
            if any(item.compress_type != zipfile.ZIP_STORED
                   for item in packed.infolist()):
                return None
        with np.load(path, allow_pickle=False) as file:
            if file['digest'].tolist() != _digest(collection):
                return None
            kept = {name: file[name] for name in ('centers', 'list',
                                                  'recall')}
    except (*NO_ARRAY, KeyError, RuntimeError, zipfile.BadZipFile):
        return None
    return kept if _fits(kept, *collection.features.shape) else None


def _fits(kept: Dict[str, np.ndarray], clips: int, channels: int) -> bool:
    centers, of_clip, recall = (kept[name]
                                for name in ('centers', 'list', 'recall'))
    return (centers.dtype == np.float32 and centers.ndim == 2
            and centers.shape[1] == channels and len(centers) > 0
            and np.isfinite(centers).all()
            and of_clip.dtype == np.int32 and of_clip.shape == (clips, )
            and of_clip.min(initial=0) >= 0
            and of_clip.max(initial=0) < len(centers)
            and recall.dtype == np.float64 and recall.shape == ())
