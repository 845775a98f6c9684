from .transforms import (
    DecodePlanes,
    DecordDecodeInOrder,
    DecordOpen,
    DeviceCrop,
    OpenVideo,
    PerClip,
    SlidingSampleFrames,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecodePlanes', 'DecordDecodeInOrder', 'DecordOpen', 'DeviceCrop',
    'OpenVideo', 'PerClip', 'SlidingSampleFrames', 'SpeedPairedSampleFrames',
    'VideoFolder', 'VideoList'
]
