from .gauges import SameVideoRetrievalMetric, SpeedProbeMetric
from .retrieval import VideoRetrievalMetric

__all__ = [
    'SameVideoRetrievalMetric', 'SpeedProbeMetric', 'VideoRetrievalMetric'
]
