"""Transforms: from the path of a video to packed clips."""
from .crops import SampleCrops
from .decode import DecodeFrames, DecodePlanes, OpenVideo
from .decode_small import DecodeSmall
from .ordered import ClozeClips, OrderedClips, ShuffledClips
from .packing import PackClips
from .paired import AppendPairedClip
from .per_clip import PerClip
from .sampling import (
    AppendReversed,
    SampleFramesAtRate,
    SkippingSampleFrames,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)

__all__ = [
    'AppendPairedClip', 'AppendReversed', 'ClozeClips', 'DecodeFrames',
    'DecodePlanes', 'DecodeSmall', 'OpenVideo', 'OrderedClips', 'PackClips',
    'PerClip', 'SampleCrops', 'SampleFramesAtRate', 'ShuffledClips',
    'SkippingSampleFrames', 'SlidingSampleFrames', 'SpeedPairedSampleFrames'
]
