from .transforms import (
    DecordDecodeInOrder,
    DecordOpen,
    PerClip,
    SpeedPairedSampleFrames,
)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecordDecodeInOrder', 'DecordOpen', 'PerClip', 'SpeedPairedSampleFrames',
    'VideoFolder', 'VideoList'
]
