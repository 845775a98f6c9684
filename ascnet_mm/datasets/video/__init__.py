"""Video files: opened, timed and decoded one way for every purpose."""
from .container import (
    MAX_PIXELS,
    UnreadableVideo,
    decode_in_order,
    open_file,
    packets,
    reason,
    video_stream,
)
from .decord_reader import DecordReader
from .gray import with_range_of_gray
from .orientation import Orientation, orientation
from .reader import MiscountedVideo, VideoReader
from .siting import chroma_siting
from .time_limit import within
from .timing import LONGEST_PAUSE, Timing, timing

__all__ = [
    'DecordReader', 'LONGEST_PAUSE', 'MAX_PIXELS', 'MiscountedVideo',
    'Orientation', 'Timing', 'UnreadableVideo', 'VideoReader', 'chroma_siting',
    'decode_in_order', 'open_file', 'orientation', 'packets', 'reason',
    'timing', 'video_stream', 'with_range_of_gray', 'within'
]
