from .decode import DecordDecodeInOrder, DecordOpen
from .per_clip import PerClip
from .planes import DecodePlanes, DeviceCrop, OpenVideo
from .sampling import SlidingSampleFrames, SpeedPairedSampleFrames

__all__ = [
    'DecodePlanes', 'DecordDecodeInOrder', 'DecordOpen', 'DeviceCrop',
    'OpenVideo', 'PerClip', 'SlidingSampleFrames', 'SpeedPairedSampleFrames'
]
