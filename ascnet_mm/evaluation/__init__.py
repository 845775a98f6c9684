from .accuracy import VideoAccuracyMetric
from .feature_file import FeatureFile
from .gauges import (
    EffectiveRankMetric,
    SameVideoRetrievalMetric,
    SpeedProbeMetric,
)
from .knn import KNNMetric
from .linear_probe import LinearProbeMetric
from .retrieval import VideoRetrievalMetric

__all__ = [
    'EffectiveRankMetric', 'FeatureFile', 'KNNMetric', 'LinearProbeMetric',
    'SameVideoRetrievalMetric', 'SpeedProbeMetric', 'VideoAccuracyMetric',
    'VideoRetrievalMetric'
]
