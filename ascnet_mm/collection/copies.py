"""Copies and near-copies within a collection, and across two."""
from typing import List, NamedTuple

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import InputError
from .contrast import Contrast
from .matching import Match, find_matches
from .reading import Collection

# Ours; docs/collections.md says what it finds.
THRESHOLD = 0.8
# What two collections must agree on to be compared
SAME = ('recipe', 'window', 'stride')


class Group(NamedTuple):
    """Videos that are copies of each other, or of parts of each other.

    Attributes:
        videos (list[int]): Their places in the collection's ``videos``.
        matches (list[Match]): The pairs that tie them together.

    Examples:
        >>> for group in duplicates(collection):  # doctest: +SKIP
        ...     print([collection.videos[v].file for v in group.videos])
        ['a.mp4', 'copies/a_small.mp4']
    """
    videos: List[int]
    matches: List[Match]


def duplicates(collection: Collection,
               threshold: float = THRESHOLD) -> List[Group]:
    """Groups of copies and near-copies.

    Two videos match if clips of one are as similar as ``threshold`` to clips
    of the other in the same order, at the same, twice or half the speed, over
    at least half of the shorter video. Similarity is the cosine of features
    that are centered and whitened over the collection.

    All clips are compared with all, a block at a time.

    Args:
        collection (Collection): Where they are searched for.
        threshold (float): Least similarity of a match.

    Returns:
        list[Group]: The largest first; each has at least two videos.

    Raises:
        InputError: If the threshold is not in (0, 1].

    Examples:
        >>> groups = duplicates(Collection('mine'))  # doctest: +SKIP
        >>> groups[0].matches[0].similarity  # doctest: +SKIP
        0.93
    """
    _check(threshold)
    if len(collection.videos) < 2:
        return []
    rows = Contrast([collection.features]).rows(collection.features)
    clips = collection.clips
    matches = list(find_matches(
        (rows, rows), (clips, clips), threshold, within=True))
    return group(matches, len(collection.videos))


def leaks(train: Collection,
          test: Collection,
          threshold: float = THRESHOLD) -> List[Match]:
    """Videos of one collection that have a copy in another.

    Args:
        train (Collection): The one, ``first`` in a match.
        test (Collection): The other, ``second`` in a match.
        threshold (float): As for :func:`duplicates`.

    Returns:
        list[Match]: In the order of the videos.

    Raises:
        InputError: If the collections are not of the same encoder, window
            and stride, or the threshold is none.

    Examples:
        >>> leaks(Collection('train'), Collection('test'))  # doctest: +SKIP
        []
    """
    _check(threshold)
    _require_comparable(train, test)
    both = train.features, test.features
    contrast = Contrast(both)
    return list(find_matches(tuple(map(contrast.rows, both)),
                             (train.clips, test.clips), threshold))


def group(matches: List[Match], videos: int) -> List[Group]:
    """Videos that matches tie together, the largest group first.

    Args:
        matches (list[Match]): Of pairs of videos.
        videos (int): How many there are.
    """
    first = [match.first for match in matches]
    second = [match.second for match in matches]
    ties = coo_array(([True] * len(matches), (first, second)),
                     shape=(videos, videos))
    _, number = connected_components(ties, directed=False)
    groups = {}
    for match in matches:
        groups.setdefault(number[match.first], []).append(match)
    found = [
        Group(sorted({video for match in of_group
                      for video in (match.first, match.second)}), of_group)
        for of_group in groups.values()
    ]
    return sorted(found, key=lambda group: (-len(group.videos), group.videos))


def _check(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise InputError('the threshold must be above 0 and at most 1, not '
                         f'{threshold}')


def _require_comparable(one: Collection, other: Collection) -> None:
    shas = [part.manifest['encoder'].get('sha256') for part in (one, other)]
    differ = [key for key in SAME if one.manifest[key] != other.manifest[key]]
    if shas[0] != shas[1]:
        differ.insert(0, 'encoder')
    if differ:
        raise InputError(
            f'{one.folder} and {other.folder} cannot be compared: they were '
            f'made with another {" and ".join(differ)}; index both with the '
            'same')
