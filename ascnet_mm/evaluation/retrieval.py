from typing import Any, Dict, List, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import InputError


@METRICS.register_module()
class VideoRetrievalMetric(BaseMetric):
    """Top-k retrieval: queries find videos of their class in a gallery.

    A video's feature is the mean of its clips' features; videos are ranked
    by cosine. Top-k is the share of queries that have a video of their own
    class among the k nearest (section B; Table 2 of the poster). Queries and
    gallery are told apart by the samples' ``role``. A query that could not
    be read counts as a miss.

    Args:
        topk (Sequence[int]): The values of k. Defaults to (1, 5, 10, 20,
            50).
        **kwargs: As for ``BaseMetric``.
    """

    default_prefix = 'retrieval'

    def __init__(self,
                 topk: Sequence[int] = (1, 5, 10, 20, 50),
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.topk = tuple(topk)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep feature, label and role of every sample."""
        for sample in data_samples:
            features = sample.get('clip_features')
            if features is not None:
                features = features.mean(dim=0).cpu()
            self.results.append(
                dict(
                    feature=features,
                    label=int(sample['gt_label']),
                    role=sample['role']))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Top-k in percent, and how many videos took part or could not.

        Raises:
            InputError: If there is no query or no readable gallery.
        """
        readable = [r for r in results if r['feature'] is not None]
        queries = [r for r in readable if r['role'] == 'query']
        gallery = [r for r in readable if r['role'] == 'gallery']
        total = sum(r['role'] == 'query' for r in results)
        if not queries or not gallery:
            raise InputError(
                'retrieval needs readable videos of both roles, but has '
                f'{len(queries)} queries and a gallery of {len(gallery)}: '
                "give the data sets role='query' and role='gallery'")
        hits = topk_hits(
            torch.stack([r['feature'] for r in queries]),
            torch.tensor([r['label'] for r in queries]),
            torch.stack([r['feature'] for r in gallery]),
            torch.tensor([r['label'] for r in gallery]), self.topk)
        metrics = {
            f'top{k}': 100 * hit.sum().item() / total
            for k, hit in hits.items()
        }
        return dict(
            metrics,
            queries=total,
            gallery=len(gallery),
            unreadable=len(results) - len(readable))


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
    gallery = F.normalize(gallery, dim=1)
    depth = min(max(topk), len(gallery))
    nearest = []
    for block in F.normalize(queries, dim=1).split(1024):
        order = torch.sort(
            block @ gallery.T, dim=1, descending=True, stable=True).indices
        nearest.append(order[:, :depth])
    hit = gallery_labels[torch.cat(nearest)] == query_labels[:, None]
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
