"""The rows of features that are most similar to queries."""
from typing import Iterator, NamedTuple, Tuple

import numpy as np
from torch import Tensor

from ..errors import InputError, require_whole
from ..evaluation.search import BLOCK, DIVERGED, nearest, search_device
from .features import UnitRows


class Neighbors(NamedTuple):
    """The nearest clips of each of Q queries, the nearest first.

    Attributes:
        similarity (np.ndarray): Cosines, float32 ``[Q, found]``.
        row (np.ndarray): Rows of the collection, int64 ``[Q, found]``.

    Examples:
        >>> found = collection.search(collection.features[:2])
        ... # doctest: +SKIP
        >>> found.row[0]  # doctest: +SKIP
        array([ 0, 17, 41,  8])
    """
    similarity: np.ndarray
    row: np.ndarray


def ranked(queries: Tensor, gallery: UnitRows, video: np.ndarray, top: int,
           one_per_video: bool) -> Neighbors:
    """The rows of a gallery that are most similar to queries, exactly.

    Args:
        queries (Tensor): Of unit length, float32 ``[Q, C]``.
        gallery (UnitRows): G rows.
        video (np.ndarray): Which video each is of, int64 ``[G]``, ascending.
        top (int): How many rows of each.
        one_per_video (bool): Of each video only its most similar row.

    Returns:
        Neighbors: Rows of the gallery.

    Raises:
        InputError: If ``top`` is not positive, or a similarity is NaN.
    """
    require_whole('top', top)
    if not len(gallery) or not len(queries):
        return Neighbors(*(np.empty((len(queries), 0), kind)
                           for kind in (np.float32, np.int64)))
    if not one_per_video:
        similarity, order = nearest(queries, gallery, top)
        return Neighbors(similarity.numpy(), order.numpy())
    share = max(BLOCK // 4 // max(count_videos(video), queries.shape[1]), 1)
    parts = [_of_videos(part, gallery, video, top)
             for part in queries.split(share)]
    return Neighbors(*map(np.concatenate, zip(*parts)))


def count_videos(video: np.ndarray) -> int:
    """How many different numbers there are in an ascending array."""
    return int(np.count_nonzero(np.diff(video, prepend=-1)))


def _of_videos(queries: Tensor, gallery: UnitRows, video: np.ndarray,
               top: int) -> Neighbors:
    """The most similar row of each video, then the most similar of these."""
    number = np.cumsum(np.diff(video, prepend=-1) != 0) - 1
    shape = len(queries), number[-1] + 1
    best = np.full(shape, -np.inf, np.float32)
    row = np.zeros(shape, np.int64)
    for first, similarity in _blocks(queries, gallery):
        of = number[first:first + similarity.shape[1]]
        begins = np.flatnonzero(np.diff(of, prepend=-1))
        highest = np.maximum.reduceat(similarity, begins, axis=1)
        # The first row of a video that has it
        lengths = np.diff(begins, append=len(of))
        at = np.where(similarity == np.repeat(highest, lengths, axis=1),
                      np.arange(len(of), dtype=np.int32), np.int32(len(of)))
        at = first + np.minimum.reduceat(at, begins, axis=1)
        # A video's rows may lie in several blocks.
        seen = of[begins]
        better = highest > best[:, seen]
        row[:, seen] = np.where(better, at, row[:, seen])
        best[:, seen] = np.where(better, highest, best[:, seen])
    order = _highest(best, min(top, shape[1]))
    return Neighbors(*(np.take_along_axis(found, order, axis=1)
                       for found in (best, row)))


def _blocks(queries: Tensor,
            gallery: UnitRows) -> Iterator[Tuple[int, np.ndarray]]:
    """Similarities ``[Q, rows]`` of some rows at a time, and the first row.

    Raises:
        InputError: If one is NaN.
    """
    device = search_device(gallery[:1])
    queries = queries.to(device)
    # What is made of the similarities is several times as much.
    count = max(BLOCK // 4 // max(queries.shape), 1)
    for first in range(0, len(gallery), count):
        block = gallery[first:first + count].to(device)
        similarity = (queries @ block.T).cpu().numpy()
        if np.isnan(similarity).any():
            raise InputError(DIVERGED)
        yield first, similarity


def _highest(values: np.ndarray, count: int) -> np.ndarray:
    """Where the highest values of each row are; equal ones in their order."""
    least = -np.partition(-values, count - 1, axis=1)[:, count - 1]
    rows = []
    for row, lowest in zip(values, least):
        chosen = np.flatnonzero(row >= lowest)
        rows.append(
            chosen[np.argsort(-row[chosen], kind='stable')[:count]])
    return np.stack(rows)
