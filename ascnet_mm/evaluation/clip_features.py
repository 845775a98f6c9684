"""Base of metrics on clip features."""
from typing import Any, Dict, List, Optional

from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import InputError
from .functional import class_means


class ClipFeaturesMetric(BaseMetric):
    """Evaluates the features of videos' clips.

    Args:
        feature (str): Which field of a data sample is evaluated:
            ``'clip_features'``, the output of the encoder, or
            ``'HEAD_projection'``, its projection by a head. Defaults to
            ``'clip_features'``.
        **kwargs: As for ``BaseMetric``.

    Attributes:
        outcomes (dict): The result of :func:`outcomes_of` for the last
            evaluation, on the first rank only; empty if no figure is a mean
            over videos.
    """

    def __init__(self, feature: str = 'clip_features', **kwargs) -> None:
        super().__init__(**kwargs)
        self.feature = feature
        self.outcomes: Dict[str, Any] = {}

    def features_of(self, sample: dict) -> Optional[Tensor]:
        """Features of a video's clips.

        Args:
            sample (dict): A data sample after the model's ``predict``.

        Returns:
            Tensor, optional: ``[clips, C]``; None if the video could not be
            read.

        Raises:
            InputError: If the model gives no such features, or they hold NaN
                or infinity.
        """
        if 'clip_features' in sample and self.feature not in sample:
            given = [key for key in sample if key.endswith('_projection')]
            raise InputError(
                f'the model gives no {self.feature} to evaluate, but '
                f'{", ".join(["clip_features", *given])}: set feature of the '
                'metric to one of them')
        features = sample.get(self.feature)
        # Figures made of them would look like those of a poor encoder.
        if features is not None and not features.isfinite().all():
            raise InputError(
                f'{type(self).__name__}: the features of '
                f'{sample.get("filename", "a video")} hold NaN or infinity; '
                'the checkpoint that they come from may have diverged')
        return features


def outcomes_of(videos: List[str],
                figures: Dict[str, Tensor],
                labels: Optional[Tensor] = None) -> Dict[str, Any]:
    """The results of a metric for each video, as in ``outcomes.json``.

    Args:
        videos (list[str]): Paths of the V evaluated videos.
        figures (dict[str, Tensor]): By the name of a figure, how far each
            video meets it, 0 to 1, ``[V]``. The figure is their mean.
        labels (Tensor, optional): int64 ``[V]``. Defaults to None.

    Returns:
        dict: ``videos``, ``labels``, ``figures`` (lists of V), and with
        labels ``classes``, the figures of each class in percent.

    Examples:
        >>> import torch
        >>> found = outcomes_of(['a.mp4', 'b.mp4', 'c.mp4'],
        ...                     dict(top1=torch.tensor([1., 0., 1.])),
        ...                     torch.tensor([0, 0, 4]))
        >>> found['figures'], found['classes']
        ({'top1': [1.0, 0.0, 1.0]}, {'top1': {0: 50.0, 4: 100.0}})
    """
    found = dict(
        videos=list(videos),
        labels=None if labels is None else labels.tolist(),
        figures={name: share.tolist() for name, share in figures.items()})
    if labels is not None:
        found['classes'] = {
            name: class_means(share, labels) for name, share in figures.items()
        }
    return found
