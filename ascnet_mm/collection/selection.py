"""A few videos that stand for all."""
from typing import List

from torch import Tensor

from ..errors import InputError, require_whole
from .reading import Collection
from .video_means import video_means


def select(collection: Collection, count: int) -> List[int]:
    """A diverse subset of the videos, to label for example.

    The k-center greedy algorithm (Gonzalez 1985): the first video is the one
    nearest to the middle of all, and each next one is the farthest from
    those that are chosen. The largest distance of a video to its nearest
    chosen one is at most twice the smallest possible. The choice depends on
    the features alone, and a smaller one is the beginning of a larger one.

    Args:
        collection (Collection): Of the videos.
        count (int): How many.

    Returns:
        list[int]: Their places in the collection's ``videos``, in the order
        in which they were chosen.

    Raises:
        InputError: If there are not as many videos.

    Examples:
        >>> chosen = select(Collection('mine'), 100)  # doctest: +SKIP
        >>> [collection.videos[place].file for place in chosen[:2]]
        ... # doctest: +SKIP
        ['b/x.mp4', 'a/y.mp4']
    """
    require_whole('count', count)
    if count > len(collection.videos):
        raise InputError(f'{collection.folder} holds '
                         f'{len(collection.videos)} videos, fewer than '
                         f'{count}')
    return k_center(video_means(collection), count)


def k_center(points: Tensor, count: int) -> List[int]:
    """Rows far from each other.

    Args:
        points (Tensor): ``[N, C]``.
        count (int): How many, at most N.

    Examples:
        >>> import torch
        >>> k_center(torch.tensor([[0.], [1.], [9.], [5.]]), 3)
        [3, 0, 2]
    """
    first = (points - points.mean(dim=0)).norm(dim=1).argmin()
    chosen = [int(first)]
    distance = (points - points[first]).norm(dim=1)
    while len(chosen) < count:
        # Not twice, if points coincide.
        distance[chosen[-1]] = -1
        farthest = int(distance.argmax())
        chosen.append(farthest)
        distance = distance.minimum(
            (points - points[farthest]).norm(dim=1))
    return chosen
