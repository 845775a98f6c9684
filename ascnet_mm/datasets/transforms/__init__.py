from .decode import DecordDecodeInOrder, DecordOpen
from .per_clip import PerClip
from .sampling import SpeedPairedSampleFrames

__all__ = [
    'DecordDecodeInOrder', 'DecordOpen', 'PerClip', 'SpeedPairedSampleFrames'
]
