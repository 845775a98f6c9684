"""Retrieval of videos of the same class."""
from typing import Dict, Sequence

import torch
from mmaction.registry import METRICS
from torch import Tensor

from .search import ComparableRows, nearest
from .video_features import NearestVideosMetric, check_counts


@METRICS.register_module()
class VideoRetrievalMetric(NearestVideosMetric):
    """Top-k retrieval: queries find videos of their class in a gallery.

    Top-k is the share of queries that have a video of their own class among
    the k most similar (section B; Table 2 of the poster). Queries and
    gallery are told apart by the samples' ``role``. A query that could not
    be read counts as a miss. The protocols that the defaults and
    ``centre=True`` stand for are in ``docs/protocols.md``.

    Args:
        topk (Sequence[int]): The values of k; one beyond the gallery's size
            means the whole gallery. Defaults to (1, 5, 10, 20, 50).
        **kwargs: As for :class:`NearestVideosMetric`, without ``depth``.

    Raises:
        InputError: If ``topk`` is empty or no positive integers.

    Examples:
        >>> metric = METRICS.build(
        ...     dict(type='VideoRetrievalMetric', topk=(1, )))
        >>> metric.process({}, [
        ...     dict(clip_features=torch.eye(2)[[label]], gt_label=label,
        ...          role=role)
        ...     for role in ('gallery', 'query') for label in (0, 1)])
        >>> metric.evaluate(size=4)['retrieval/top1']
        100.0
    """

    default_prefix = 'retrieval'

    def __init__(self,
                 topk: Sequence[int] = (1, 5, 10, 20, 50),
                 **kwargs) -> None:
        check_counts('VideoRetrievalMetric', 'topk', topk)
        super().__init__(depth=max(topk), **kwargs)
        self.topk = tuple(topk)

    def judge(self, similarity: Tensor, found: Tensor,
              query_labels: Tensor) -> Dict[str, Tensor]:
        """Whether the query's class is among the k first."""
        hits = class_among(found, query_labels, self.topk)
        return {f'top{k}': hit for k, hit in hits.items()}


def topk_hits(queries: Tensor, query_labels: Tensor, gallery: Tensor,
              gallery_labels: Tensor,
              topk: Sequence[int]) -> Dict[int, Tensor]:
    """Whether a query's class is among its k nearest, by cosine.

    Of equally near videos the one that stands first in the gallery counts
    first. A k beyond the gallery's size means the whole gallery.

    Args:
        queries (Tensor): ``[Q, C]``.
        query_labels (Tensor): ``[Q]``.
        gallery (Tensor): ``[G, C]``.
        gallery_labels (Tensor): ``[G]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, Tensor]: bool ``[Q]`` for each k.
    """
    _, order = nearest(
        ComparableRows(queries), ComparableRows(gallery), max(topk))
    return class_among(gallery_labels[order], query_labels, topk)


def class_among(found: Tensor, query_labels: Tensor,
                topk: Sequence[int]) -> Dict[int, Tensor]:
    """Whether a query's class is among the first k of what it found.

    Args:
        found (Tensor): Labels, nearest first, ``[Q, depth]``.
        query_labels (Tensor): ``[Q]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, Tensor]: bool ``[Q]`` for each k.
    """
    hit = found == query_labels[:, None]
    return {k: hit[:, :k].any(dim=1) for k in topk}


def chance_topk(query_labels: Tensor, gallery_labels: Tensor,
                topk: Sequence[int]) -> Dict[int, float]:
    """Expected top-k, in percent, of a ranking drawn at random.

    Args:
        query_labels (Tensor): ``[Q]``.
        gallery_labels (Tensor): ``[G]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, float]: For each k one minus the probability that k draws
        without replacement all miss, averaged over the queries.
    """
    size = len(gallery_labels)
    same = (query_labels[:, None] == gallery_labels).sum(dim=1).double()
    chance = {}
    for k in topk:
        miss = torch.ones_like(same)
        for drawn in range(min(k, size)):
            miss *= ((size - same - drawn) / (size - drawn)).clamp(min=0)
        chance[k] = 100 * (1 - miss).mean().item()
    return chance
