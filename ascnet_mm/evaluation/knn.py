"""Classification by the nearest videos."""
from typing import Dict, Sequence

from mmaction.registry import METRICS
from torch import Tensor

from ..errors import InputError
from .functional import knn_hits
from .video_features import NearestVideosMetric, check_counts


@METRICS.register_module()
class KNNMetric(NearestVideosMetric):
    """Weighted k-nearest-neighbor classification of the queries.

    Each of the k most similar videos of the gallery votes for its class with
    the weight exp(similarity / T) (Wu et al., Unsupervised Feature Learning
    via Non-Parametric Instance Discrimination, CVPR 2018). Of classes with
    equal votes the smallest wins. A query that could not be read counts as
    a miss.

    Args:
        k (Sequence[int]): The numbers of neighbors; one beyond the
            gallery's size means the whole gallery. Defaults to (20, 200):
            200 is theirs, 20 is ours.
        temperature (float): The T of the weights. Defaults to 0.07 (theirs).
        **kwargs: As for :class:`NearestVideosMetric`, without ``depth``.

    Raises:
        InputError: If ``k`` is empty or no positive integers, or if
            ``temperature`` is not positive.

    Examples:
        >>> import torch
        >>> metric = METRICS.build(dict(type='KNNMetric', k=(1, 2)))
        >>> metric.process({}, [
        ...     dict(clip_features=torch.eye(2)[[label]], gt_label=label,
        ...          role=role)
        ...     for role in ('gallery', 'query') for label in (0, 1)])
        >>> metric.evaluate(size=4)['knn/top1_k1']
        100.0
    """

    default_prefix = 'knn'

    def __init__(self,
                 k: Sequence[int] = (20, 200),
                 temperature: float = 0.07,
                 **kwargs) -> None:
        check_counts('KNNMetric', 'k', k)
        if not temperature > 0:
            raise InputError('KNNMetric: temperature must be positive, not '
                             f'{temperature}')
        super().__init__(depth=max(k), **kwargs)
        self.k = tuple(k)
        self.temperature = temperature

    def judge(self, similarity: Tensor, found: Tensor,
              query_labels: Tensor) -> Dict[str, Tensor]:
        """Whether the query's class has the most votes."""
        return {
            f'top1_k{k}': knn_hits(similarity, found, query_labels, k,
                                   self.temperature) for k in self.k
        }
