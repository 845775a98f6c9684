from .transforms import (
    DecodeFrames,
    DecodePlanes,
    DecodeSmall,
    DeviceCrop,
    OpenVideo,
    PerClip,
    SampleFramesAtRate,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecodeFrames', 'DecodePlanes', 'DecodeSmall', 'DeviceCrop', 'OpenVideo',
    'PerClip', 'SampleFramesAtRate', 'SlidingSampleFrames',
    'SpeedPairedSampleFrames', 'VideoFolder', 'VideoList'
]
