"""Pairs of videos of which one repeats a part of the other."""
import math
from typing import Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from .features import UnitRows
from .reading import Clips

# Rows and columns of the similarities that are in memory at a time
ROWS, COLUMNS = 1024, 2**16
# Similarities of the clips of two videos that are in memory at a time
BAND = 2**24
# How many clips of the second video pass in one of the first: it plays as
# fast, twice as fast or half as fast.
STEPS = ((1, 1), (1, 2), (2, 1))
# Of the shorter video, what has to match (ours)
SHARE = 0.5
# What products of equal rows of unit length may be below 1
ROUNDING = 1e-6


class Match(NamedTuple):
    """A part of a video that is a copy of a part of another.

    Attributes:
        first (int): Place of the one video among those of its collection.
        second (int): Place of the other.
        similarity (float): Mean cosine of clips, centered and whitened, one
            after the other, over the best stretch of half as many clips as
            the shorter video has.
        start_first (float): When the part begins in the first, in seconds.
        end_first (float): When it ends.
        start_second (float): When it begins in the second.
        end_second (float): When it ends.
        speed (float): How many times as fast the second plays: 1, 2 or 0.5.

    Examples:
        >>> train = Collection('train')  # doctest: +SKIP
        >>> for match in leaks(  # doctest: +SKIP
        ...         train, Collection('test')):
        ...     print(match.first, match.second, match.similarity)
        17 3 0.94
    """
    first: int
    second: int
    similarity: float
    start_first: float
    end_first: float
    start_second: float
    end_second: float
    speed: float


class Line(NamedTuple):
    """Clips of two videos that follow one another at the same pace.

    Attributes:
        similarity (float): Mean over the best of them.
        first (range): Those of the one video.
        second (range): Those of the other, as many.
    """
    similarity: float
    first: range
    second: range


def find_matches(rows: Tuple[UnitRows, UnitRows],
                 clips: Tuple[Clips, Clips],
                 threshold: float,
                 within: bool = False) -> Iterator[Match]:
    """All pairs of videos that match, one of each of two collections.

    The search is exact: whatever two videos are as similar as the threshold
    have two clips that are.

    Args:
        rows (tuple[UnitRows, UnitRows]): Comparable rows of both.
        clips (tuple[Clips, Clips]): Their clips.
        threshold (float): Least similarity of a match.
        within (bool): Both are the same collection: each pair once, and no
            video with itself. Defaults to False.

    Yields:
        Match: In the order of the videos.
    """
    threshold -= ROUNDING
    bounds = [_bounds(part.video) for part in clips]
    last, one = None, None
    for first, second in _candidates(rows, clips, threshold, within):
        if first != last:
            last, one = first, rows[0][slice(*bounds[0][first])].numpy()
        other = rows[1][slice(*bounds[1][second])].numpy()
        line = best_line(one, other, threshold)
        if line is not None:
            yield _match(first, second, line, bounds, clips)


def _bounds(video: np.ndarray) -> np.ndarray:
    """First row, and the one after the last, of each video, ``[V, 2]``."""
    count = int(video[-1]) + 1 if len(video) else 0
    ends = np.searchsorted(video, np.arange(count + 1))
    return np.stack([ends[:-1], ends[1:]], axis=1)


def _candidates(rows: Tuple[UnitRows, UnitRows], clips: Tuple[Clips, Clips],
                threshold: float, within: bool) -> List[Tuple[int, int]]:
    """Pairs of videos of which two clips are as similar, sorted."""
    found = set()
    for start in range(0, len(rows[0]), ROWS):
        queries = rows[0][start:start + ROWS]
        of_queries = clips[0].video[start:start + ROWS]
        begin = start if within else 0
        for column in range(begin, len(rows[1]), COLUMNS):
            block = rows[1][column:column + COLUMNS]
            of_block = clips[1].video[column:column + COLUMNS]
            similar = (queries @ block.T >= threshold).numpy()
            # One value per pair of videos, however many clips are similar
            first, second = _starts(of_queries), _starts(of_block)
            similar = np.logical_or.reduceat(similar, second, axis=1)
            similar = np.logical_or.reduceat(similar, first, axis=0)
            one, other = similar.nonzero()
            found.update(zip(of_queries[first][one].tolist(),
                             of_block[second][other].tolist()))
    return sorted(pair for pair in found if not within or pair[0] < pair[1])


def _starts(video: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.diff(video, prepend=-1))


def best_line(one: np.ndarray, other: np.ndarray,
              threshold: float) -> Optional[Line]:
    """The line through two videos' clips along which they are most similar.

    A line passes one clip of each at a time, or two of one of them. What
    counts is the best stretch of it that has ``SHARE`` as many clips as the
    shorter video; it is then made longer while clips are as similar as the
    threshold.

    Args:
        one (np.ndarray): Rows of the one video's clips, whose products are
            similarities, ``[n, C]``.
        other (np.ndarray): Those of the other's, ``[m, C]``.
        threshold (float): Least similarity.

    Returns:
        Line, optional: None if no line is as similar.
    """
    length = math.ceil(SHARE * min(len(one), len(other)))
    similarity = _similarity(one, other)
    # A line passes each clip once at most: most pairs end here.
    if min(np.sort(highest)[-length:].mean()
           for highest in _highest(similarity)) < threshold:
        return None
    best = threshold, None
    for steps in STEPS:
        for place, along in _lines(similarity, steps):
            if len(along) < length:
                continue
            sums = np.cumsum(np.concatenate([[0.], along]))
            means = (sums[length:] - sums[:-length]) / length
            at = int(means.argmax())
            # Of equals the first: at the same pace if that is as good.
            if means[at] > best[0] or (best[1] is None
                                       and means[at] >= best[0]):
                best = float(means[at]), (steps, place, at, along)
    if best[1] is None:
        return None
    steps, place, at, along = best[1]
    begin, end = at, at + length
    while begin > 0 and along[begin - 1] >= threshold:
        begin -= 1
    while end < len(along) and along[end] >= threshold:
        end += 1
    return Line(best[0], *(
        range(start + begin * step, start + end * step, step)
        for start, step in zip(place, steps)))


class _Similarity(NamedTuple):
    """Of each clip of the one video to each of the other, ``[n, m]``.

    Args:
        one (np.ndarray): Rows of the one video's clips, ``[n, C]``.
        other (np.ndarray): Those of the other's, ``[m, C]``.
        whole (np.ndarray, optional): Their products, where there are no more
            than ``BAND``; else they are computed when asked for.
    """
    one: np.ndarray
    other: np.ndarray
    whole: Optional[np.ndarray]

    def part(self, rows: slice, columns: slice) -> '_Similarity':
        """That of some clips of each."""
        whole = self.whole
        return _Similarity(self.one[rows], self.other[columns],
                           None if whole is None else whole[rows, columns])

    def turned(self) -> '_Similarity':
        """That of the other to the one."""
        whole = self.whole
        return _Similarity(self.other, self.one,
                           None if whole is None else whole.T)

    def numbers(self) -> np.ndarray:
        """All of it, ``[n, m]``."""
        return (self.one @ self.other.T if self.whole is None else
                self.whole)


def _similarity(one: np.ndarray, other: np.ndarray) -> _Similarity:
    fits = len(one) * len(other) <= BAND
    return _Similarity(one, other, one @ other.T if fits else None)


def _highest(similarity: _Similarity) -> Tuple[np.ndarray, np.ndarray]:
    """The highest similarity of each clip to one of the other video."""
    one, other, _ = similarity
    rows = max(BAND // len(other), 1)
    of_one, of_other = [], np.full(len(other), -np.inf, other.dtype)
    for start in range(0, len(one), rows):
        block = similarity.part(
            slice(start, start + rows), slice(None)).numbers()
        of_one.append(block.max(axis=1))
        np.maximum(of_other, block.max(axis=0), out=of_other)
    return np.concatenate(of_one), of_other


def _lines(similarity: _Similarity, steps: Tuple[int, int]
           ) -> Iterator[Tuple[Tuple[int, int], np.ndarray]]:
    """The similarities along each line of a pace, with its first clips."""
    for first in range(steps[0]):
        for second in range(steps[1]):
            part = similarity.part(slice(first, None, steps[0]),
                                   slice(second, None, steps[1]))
            if not min(len(part.one), len(part.other)):  # of a single clip
                continue
            for offset, along in _diagonals(part, 0):
                yield (first, second + offset * steps[1]), along
            for offset, along in _diagonals(part.turned(), 1):
                yield (first + offset * steps[0], second), along


def _diagonals(similarity: _Similarity, first: int
               ) -> Iterator[Tuple[int, np.ndarray]]:
    """Similarities of the clips i and i + offset, from an offset on.

    Where they are not in memory as a whole, those of a band of offsets are,
    computed tile by tile.
    """
    one, other, whole = similarity
    width = len(other) if whole is not None else max(BAND // len(one), 1)
    height = len(one) if whole is not None else width
    for begin in range(first, len(other), width):
        offsets = range(begin, min(begin + width, len(other)))
        band = [[] for _ in offsets]
        for row in range(0, min(len(one), len(other) - begin), height):
            tile = similarity.part(
                slice(row, row + height),
                slice(row + begin, row + height + offsets[-1])).numbers()
            for number, pieces in enumerate(band):
                pieces.append(tile.diagonal(number))
        for offset, pieces in zip(offsets, band):
            yield offset, np.concatenate(pieces)


def _match(first: int, second: int, line: Line, bounds: List[np.ndarray],
           clips: Tuple[Clips, Clips]) -> Match:
    times = []
    for video, along, bound, part in zip((first, second), line[1:], bounds,
                                         clips):
        start = bound[video][0]
        times += [float(part.start[start + along[0]]),
                  float(part.end[start + along[-1]])]
    return Match(first, second, line.similarity, *times,
                 speed=line.first.step / line.second.step)
