"""A linear classifier on features that do not change."""
from typing import Dict, List, Sequence

import torch
from mmaction.registry import METRICS
from torch import Tensor

from ..errors import InputError
from .functional import class_among, train_linear
from .video_features import VideoFeaturesMetric

# Deviation of equal float32 numbers, relative to their size, at most
ROUNDING = 1e-6


@METRICS.register_module()
class LinearProbeMetric(VideoFeaturesMetric):
    """The linear protocol of section D on features that are computed once.

    One linear layer is trained with cross entropy on the gallery, every clip
    being a sample with its video's class, and tested on the queries by the
    mean of its scores (logits) over a query's clips. A query that could not
    be read counts as a miss. Section D gives epochs, learning rate, weight
    decay and SGD, and refers to MoCo for the rest: momentum, steps, batch
    size. The initial weights (normal, deviation 0.01; bias 0) are those of
    MoCo and of MMAction2's heads.

    As end to end (``configs/ascnet/linear``), the features are used as
    the encoder outputs them, neither centered nor scaled, so that the same
    learning rate means long training for large features and short training for
    small ones; ``standardize`` makes encoders of different scales comparable.
    Unlike in the slow form, there is no augmentation, and an epoch sees all of
    a video's clips instead of one.

    Args:
        epochs (int): Defaults to 100 (section D).
        lr (float): Initial learning rate. Defaults to 0.1 (section D).
        weight_decay (float): Defaults to 0 (section D).
        momentum (float): Defaults to 0.9 (MoCo's).
        milestones (Sequence[int]): Epochs before which the learning rate
            falls to a tenth. Defaults to (60, 80) (MoCo's).
        batch_size (int): Defaults to 256 (MoCo's).
        standardize (bool): First bring each dimension to mean 0 and deviation
            1 over the gallery's clips; one that is constant there, to mean 0
            alone. Defaults to False.
        seed (int): Of the weights' start and the order of the samples, which
            nothing else depends on. Defaults to 0.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Raises:
        InputError: If ``epochs`` or ``batch_size`` is below 1, or ``lr`` is
            not positive.

    Examples:
        >>> metric = METRICS.build(dict(type='LinearProbeMetric', epochs=10))
        >>> metric.process({}, [
        ...     dict(clip_features=torch.eye(2)[[label]], gt_label=label,
        ...          role=role)
        ...     for role in ('gallery', 'query') for label in (0, 1)])
        >>> metric.evaluate(size=4)['linear/top1']
        100.0
    """

    default_prefix = 'linear'

    def __init__(self,
                 epochs: int = 100,
                 lr: float = 0.1,
                 weight_decay: float = 0.,
                 momentum: float = 0.9,
                 milestones: Sequence[int] = (60, 80),
                 batch_size: int = 256,
                 standardize: bool = False,
                 seed: int = 0,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if epochs < 1 or batch_size < 1 or not lr > 0:
            raise InputError(
                'LinearProbeMetric: epochs, batch_size and lr must be '
                f'positive, not {epochs}, {batch_size} and {lr}')
        self.epochs = epochs
        self.lr = lr
        self.weight_decay = weight_decay
        self.momentum = momentum
        self.milestones = tuple(milestones)
        self.batch_size = batch_size
        self.standardize = standardize
        self.seed = seed

    def hits(self, queries: List[Tensor], query_labels: Tensor,
             gallery: List[Tensor],
             gallery_labels: Tensor) -> Dict[str, Tensor]:
        """Whether the query's class has one of the k highest scores."""
        clips = torch.tensor([len(video) for video in gallery])
        train = torch.cat(gallery).float()
        # A linear layer's mean score is its score of the mean.
        test = torch.stack([video.float().mean(dim=0) for video in queries])
        if self.standardize:
            mean = train.mean(dim=0)
            deviation = train.std(dim=0, correction=0)
            # A dimension that is constant here has no gradient: what a query
            # has there would count by the weights' random start.
            constant = deviation <= ROUNDING * train.abs().amax(dim=0)
            deviation[constant] = 1.
            train, test = ((x - mean) / deviation for x in (train, test))
        layer = train_linear(
            train, gallery_labels.repeat_interleave(clips), self.epochs,
            self.lr, self.weight_decay, self.momentum, self.milestones,
            self.batch_size, self.seed)
        scores = layer(test)
        order = scores.argsort(dim=1, descending=True, stable=True)
        hits = class_among(order, query_labels, (1, 5))
        return {f'top{k}': hit for k, hit in hits.items()}
