"""Videos that are like no others."""
from typing import List, NamedTuple

from ..errors import InputError, require_whole
from ..evaluation.search import nearest
from .reading import Collection
from .video_means import video_means

# How many of a video's nearest count (ours)
NEIGHBORS = 5


class Outlier(NamedTuple):
    """A video and how far it is from its nearest.

    Attributes:
        video (int): Its place in the collection's ``videos``.
        distance (float): 1 - mean cosine to its ``NEIGHBORS`` nearest.
        nearest (int): Place of the nearest one.

    Examples:
        >>> outliers(collection, top=1)  # doctest: +SKIP
        [Outlier(video=17, distance=0.84, nearest=3)]
    """
    video: int
    distance: float
    nearest: int


def outliers(collection: Collection, top: int = 10) -> List[Outlier]:
    """Videos that are far from their nearest, the farthest first.

    Args:
        collection (Collection): Of the videos.
        top (int): How many. Defaults to 10.

    Returns:
        list[Outlier]: ``top`` at most.

    Raises:
        InputError: If there are fewer than two videos, or top is not
            positive.

    Examples:
        >>> found = outliers(Collection('mine'))  # doctest: +SKIP
        >>> collection.videos[found[0].video].file  # doctest: +SKIP
        'black.mp4'
    """
    require_whole('top', top)
    means = video_means(collection)
    if len(means) < 2:
        raise InputError(f'{collection.folder} holds one video: outliers '
                         'need others')
    similarity, order = nearest(means, means, NEIGHBORS + 1)
    found = []
    for video, (values, places) in enumerate(zip(similarity, order)):
        others = places != video
        # Copies of a video may stand before itself, and it be left out.
        values, places = values[others], places[others]
        values, places = values[:NEIGHBORS], places[:NEIGHBORS]
        found.append(Outlier(video, 1 - float(values.mean()),
                             int(places[0])))
    return sorted(found, key=lambda one: -one.distance)[:top]
