from .transforms import (DecordDecodeInOrder, PerClip,
                         SpeedPairedSampleFrames)
from .video_folder import VideoFolder
from .video_list import VideoList

__all__ = [
    'DecordDecodeInOrder', 'PerClip', 'SpeedPairedSampleFrames',
    'VideoFolder', 'VideoList'
]
