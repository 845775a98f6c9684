from .decode import DecordDecodeInOrder, DecordOpen
from .per_clip import PerClip
from .sampling import SlidingSampleFrames, SpeedPairedSampleFrames

__all__ = [
    'DecordDecodeInOrder', 'DecordOpen', 'PerClip', 'SlidingSampleFrames',
    'SpeedPairedSampleFrames'
]
