"""Metrics without labels: do ACP and SCP work, has training collapsed?

All read the features of clips of the same videos at every speed, as
``SpeedPairedSampleFrames(test_mode=True)`` makes them, of the samples whose
role is ``'query'``: videos that were kept out of training.
"""
import logging
from abc import abstractmethod
from typing import Any, Dict, List, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import METRICS
from mmengine.logging import print_log
from torch import Tensor

from ..models.diagnostics import effective_rank, rank_me
from .clip_features import ClipFeaturesMetric
from .functional import logistic_regression


class _SpeedClipsMetric(ClipFeaturesMetric):
    """Collects the features of each query video's clips, one per speed.

    If no video can be read, the metric reports nothing and warns once: that
    is no reason to stop pre-training.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._warned = False

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the features ``[S, C]``, or None."""
        for sample in data_samples:
            features = self.features_of(sample)
            wanted = features is not None and sample['role'] == 'query'
            # In a dict: MMEngine drops a bare None when it joins the ranks.
            self.results.append(
                dict(features=features.cpu() if wanted else None))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Compute from the readable videos; nothing if there are none."""
        readable = [
            r['features'] for r in results if r['features'] is not None
        ]
        if not readable:
            return self.nothing('no video of the validation set whose role '
                                "is 'query' could be read")
        return self.compute(torch.stack(readable))

    def nothing(self, why: str) -> Dict[str, float]:
        """Report nothing, and warn of it the first time."""
        if not self._warned:
            self._warned = True
            print_log(
                f'{type(self).__name__} reports nothing: {why}', 'current',
                logging.WARNING)
        return {}

    @abstractmethod
    def compute(self, features: Tensor) -> Dict[str, float]:
        """Compute from the features ``[V, S, C]`` of all videos."""


@METRICS.register_module()
class SameVideoRetrievalMetric(_SpeedClipsMetric):
    """Does a fast clip find its own video's slow clip among all others'?

    What the ACP task asks for, on videos it has not seen. The fastest clips
    query the slowest ones, by cosine.

    Args:
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='SameVideoRetrievalMetric'))
        >>> slow, fast = torch.eye(4), torch.eye(4)[[0, 1, 2, 2]]
        >>> metric.process({}, [
        ...     dict(clip_features=torch.stack(clips), role='query')
        ...     for clips in zip(slow, fast)])
        >>> metric.evaluate(size=4)
        {'same_video/top1': 75.0, 'same_video/chance': 25.0}
    """

    default_prefix = 'same_video'

    def compute(self, features: Tensor) -> Dict[str, float]:
        """Top-1 in percent, and its chance level."""
        fast = F.normalize(features[:, -1], dim=1)
        slow = F.normalize(features[:, 0], dim=1)
        similarity = fast @ slow.T
        own = similarity.diagonal()[:, None]
        # A tie with another video is no find.
        rivals = (similarity >= own).sum(dim=1)
        return dict(
            top1=100 * (rivals == 1).double().mean().item(),
            chance=100 / len(features))


@METRICS.register_module()
class EffectiveRankMetric(_SpeedClipsMetric):
    """In how many directions do the encoder's features vary?

    :func:`effective_rank` and :func:`rank_me` of the features of all clips.

    Args:
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='EffectiveRankMetric'))
        >>> metric.process({}, [
        ...     dict(clip_features=clips, role='query')
        ...     for clips in torch.rand(8, 2, 16)])
        >>> sorted(metric.evaluate(size=8))
        ['encoder/effective_rank', 'encoder/rankme']
    """

    default_prefix = 'encoder'

    def compute(self, features: Tensor) -> Dict[str, float]:
        """Both of the clips ``[V S, C]``."""
        clips = features.flatten(0, 1)
        return dict(
            effective_rank=effective_rank(clips).item(),
            rankme=rank_me(clips).item())


@METRICS.register_module()
class SpeedProbeMetric(_SpeedClipsMetric):
    """Can a linear classifier tell the clips' speeds on unseen videos?

    What the SCP task is meant to bring about; a loss without negatives does
    not enforce it. Logistic regression on standardized features, in five
    folds over the videos: each video's clips are classified by a probe
    trained on the other videos.

    Args:
        folds (int): Number of folds. Defaults to 5.
        weight_decay (float): L2 penalty, times half the squared norm of the
            weights, beside the mean cross entropy. Defaults to 0.01.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='SpeedProbeMetric', folds=2))
        >>> metric.process({}, [
        ...     dict(clip_features=torch.eye(2), role='query')
        ...     for _ in range(4)])
        >>> metric.evaluate(size=4)
        {'speed_probe/accuracy': 100.0, 'speed_probe/chance': 50.0}
    """

    default_prefix = 'speed_probe'

    def __init__(self,
                 folds: int = 5,
                 weight_decay: float = 0.01,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.folds = folds
        self.weight_decay = weight_decay

    def compute(self, features: Tensor) -> Dict[str, float]:
        """Accuracy in percent and its chance; nothing of a single video."""
        videos, speeds, _ = features.shape
        if videos == 1:
            return self.nothing('a probe needs a second video to be trained '
                                'on, and one alone could be read')
        folds = torch.arange(videos) % min(self.folds, videos)
        correct = 0
        for fold in folds.unique():
            train, test = features[folds != fold], features[folds == fold]
            labels = torch.arange(speeds)
            weight = logistic_regression(
                train.flatten(0, 1), labels.repeat(len(train)),
                self.weight_decay)
            predicted = weight(test.flatten(0, 1)).argmax(dim=1)
            correct += (predicted == labels.repeat(len(test))).sum().item()
        return dict(
            accuracy=100 * correct / (videos * speeds), chance=100 / speeds)
