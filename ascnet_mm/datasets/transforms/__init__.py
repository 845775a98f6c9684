from .decode import DecodeFrames, DecodePlanes, OpenVideo
from .decode_small import DecodeSmall
from .device_crop import DeviceCrop
from .per_clip import PerClip
from .sampling import (
    SampleFramesAtRate,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)

__all__ = [
    'DecodeFrames', 'DecodePlanes', 'DecodeSmall', 'DeviceCrop', 'OpenVideo',
    'PerClip', 'SampleFramesAtRate', 'SlidingSampleFrames',
    'SpeedPairedSampleFrames'
]
