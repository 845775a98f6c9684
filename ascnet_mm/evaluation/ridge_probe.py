"""A linear classifier in closed form."""
from typing import Dict, List

import torch
from mmaction.registry import METRICS
from torch import Tensor

from ..errors import InputError
from .functional import class_among, train_ridge
from .video_features import PooledVideosMetric


@METRICS.register_module()
class RidgeProbeMetric(PooledVideosMetric):
    """Ridge regression on one feature per video.

    This is meant for long features of few videos, such as clips joined in
    their order (``pooling='concat'``): there is one solution, found without a
    learning rate or schedule. It is fitted on the gallery, on dimensions
    scaled to mean 0 and deviation 1 there, and tested on the queries: the
    class with the highest output is the answer. A query that could not be read
    counts as a miss.

    Args:
        penalty (float): On the squared weights, in units of the mean squared
            length of the features. Defaults to 0.1 (ours).
        **kwargs: As for :class:`PooledVideosMetric`.

    Raises:
        InputError: If ``penalty`` is not positive.

    Examples:
        >>> metric = METRICS.build(
        ...     dict(type='RidgeProbeMetric', pooling='concat'))
        >>> metric.process({}, [
        ...     dict(clip_features=clips, gt_label=label, role=role)
        ...     for role in ('gallery', 'query')
        ...     for label, clips in enumerate([torch.eye(2), -torch.eye(2)])])
        >>> metric.evaluate(size=4)['ridge/top1']
        100.0
    """

    default_prefix = 'ridge'

    def __init__(self, penalty: float = 0.1, **kwargs) -> None:
        super().__init__(**kwargs)
        if not penalty > 0:
            raise InputError(
                f'RidgeProbeMetric: penalty must be positive, not {penalty}')
        self.penalty = penalty

    def hits(self, queries: List[Tensor], query_labels: Tensor,
             gallery: List[Tensor],
             gallery_labels: Tensor) -> Dict[str, Tensor]:
        """Whether the query's class has the highest output."""
        train, test = torch.stack(gallery), torch.stack(queries)
        deviation = train.std(dim=0, correction=0).clamp(min=1e-8)
        scores = train_ridge(train / deviation, gallery_labels,
                             self.penalty)(test / deviation)
        order = scores.argsort(dim=1, descending=True, stable=True)
        return dict(top1=class_among(order, query_labels, (1, ))[1])
