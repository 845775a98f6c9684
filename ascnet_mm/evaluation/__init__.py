"""Metrics of features, with and without labels."""
from .accuracy import VideoAccuracyMetric
from .feature_file import FeatureFile
from .knn import KNNMetric
from .linear_probe import LinearProbeMetric
from .retrieval import VideoRetrievalMetric
from .without_labels import (
    EffectiveRankMetric,
    SameVideoRetrievalMetric,
    SpeedProbeMetric,
)

__all__ = [
    'EffectiveRankMetric', 'FeatureFile', 'KNNMetric', 'LinearProbeMetric',
    'SameVideoRetrievalMetric', 'SpeedProbeMetric', 'VideoAccuracyMetric',
    'VideoRetrievalMetric'
]
