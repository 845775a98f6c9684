"""Retrieval of videos of the same class."""
from typing import Dict, Sequence

from mmaction.registry import METRICS
from torch import Tensor

from .functional import class_among
from .video_features import NearestVideosMetric, check_counts


@METRICS.register_module()
class VideoRetrievalMetric(NearestVideosMetric):
    """Top-k retrieval: queries find videos of their class in a gallery.

    Top-k is the share of queries that have a video of their own class among
    the k most similar (section B; Table 2 of the poster). Queries and
    gallery are told apart by the samples' ``role``. A query that could not
    be read counts as a miss. The protocols that the defaults and
    ``center=True`` stand for are in ``docs/protocols.md``.

    Args:
        topk (Sequence[int]): The values of k; one beyond the gallery's size
            means the whole gallery. Defaults to (1, 5, 10, 20, 50).
        **kwargs: As for :class:`NearestVideosMetric`, without ``depth``.

    Raises:
        InputError: If ``topk`` is empty or no positive integers.

    Examples:
        >>> import torch
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
