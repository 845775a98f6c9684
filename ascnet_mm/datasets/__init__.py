"""Data sets of videos, and the transforms of their pipelines."""
from .collate import padded_collate
from .transforms import (
    AppendPairedClip,
    AppendReversed,
    ClozeClips,
    DecodeFrames,
    DecodePlanes,
    DecodeSmall,
    OpenVideo,
    OrderedClips,
    PackClips,
    PerClip,
    SampleCrops,
    SampleFramesAtRate,
    ShuffledClips,
    SkippingSampleFrames,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'AppendPairedClip', 'AppendReversed', 'ClozeClips', 'DecodeFrames',
    'DecodePlanes', 'DecodeSmall', 'OpenVideo', 'OrderedClips', 'PackClips',
    'PerClip', 'SampleCrops', 'SampleFramesAtRate', 'ShuffledClips',
    'SkippingSampleFrames', 'SlidingSampleFrames', 'SpeedPairedSampleFrames',
    'VideoFolder', 'VideoList', 'padded_collate'
]
