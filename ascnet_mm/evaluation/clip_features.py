"""Base of metrics on clip features."""
from typing import Optional

from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import InputError


class ClipFeaturesMetric(BaseMetric):
    """Judges features of videos' clips.

    Args:
        feature (str): Which of a data sample's fields:
            ``'clip_features'``, what the encoder gives, or
            ``'HEAD_projection'``, what a head's projection makes of it.
            Defaults to ``'clip_features'``.
        **kwargs: As for ``BaseMetric``.
    """

    def __init__(self, feature: str = 'clip_features', **kwargs) -> None:
        super().__init__(**kwargs)
        self.feature = feature

    def features_of(self, sample: dict) -> Optional[Tensor]:
        """Features of a video's clips.

        Args:
            sample (dict): A data sample after the model's ``predict``.

        Returns:
            Tensor, optional: ``[clips, C]``; None if the video could not be
            read.

        Raises:
            InputError: If the model gives no such features.
        """
        if 'clip_features' in sample and self.feature not in sample:
            given = [key for key in sample if key.endswith('_projection')]
            raise InputError(
                f'the model gives no {self.feature} to evaluate, but '
                f'{", ".join(["clip_features", *given])}: set feature of the '
                'metric to one of them')
        return sample.get(self.feature)
