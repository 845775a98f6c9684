from .transforms import (
    DecodeFrames,
    DecodePlanes,
    DecodeSmall,
    DeviceCrop,
    OpenVideo,
    PerClip,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecodeFrames', 'DecodePlanes', 'DecodeSmall', 'DeviceCrop', 'OpenVideo',
    'PerClip', 'SlidingSampleFrames', 'SpeedPairedSampleFrames',
    'VideoFolder', 'VideoList'
]
