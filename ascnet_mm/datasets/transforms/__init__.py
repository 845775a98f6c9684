from .decode import DecordDecodeInOrder
from .per_clip import PerClip
from .sampling import SpeedPairedSampleFrames

__all__ = ['DecordDecodeInOrder', 'PerClip', 'SpeedPairedSampleFrames']
