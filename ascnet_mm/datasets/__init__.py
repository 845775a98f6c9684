from .transforms import (
    DecodeFrames,
    DecodePlanes,
    DeviceCrop,
    OpenVideo,
    PerClip,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecodeFrames', 'DecodePlanes', 'DeviceCrop', 'OpenVideo', 'PerClip',
    'SlidingSampleFrames', 'SpeedPairedSampleFrames', 'VideoFolder',
    'VideoList'
]
