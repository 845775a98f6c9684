"""Metrics of features, with and without labels."""
from .accuracy import VideoAccuracyMetric
from .feature_file import FeatureFile
from .knn import KNNMetric
from .linear_probe import LinearProbeMetric
from .retrieval import VideoRetrievalMetric
from .ridge_probe import RidgeProbeMetric
from .without_labels import (
    EffectiveRankMetric,
    PairedSpeedProbeMetric,
    ReadingDirectionMetric,
    SameVideoRetrievalMetric,
    SpeedProbeMetric,
)

__all__ = [
    'EffectiveRankMetric', 'FeatureFile', 'KNNMetric', 'LinearProbeMetric',
    'PairedSpeedProbeMetric', 'ReadingDirectionMetric', 'RidgeProbeMetric',
    'SameVideoRetrievalMetric', 'SpeedProbeMetric', 'VideoAccuracyMetric',
    'VideoRetrievalMetric'
]
