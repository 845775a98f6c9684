"""The levels of gray pictures."""
import av
from av.video.reformatter import ColorRange, VideoReformatter


def with_range_of_gray(frame: av.VideoFrame,
                       scaler: VideoReformatter) -> av.VideoFrame:
    """A frame whose levels FFmpeg's scaler reads as the file says.

    It takes gray for full range, whatever the file says. Gray of limited
    range becomes ``yuv420p`` with the same levels of luma; other frames are
    returned as they are.

    Args:
        frame (av.VideoFrame): The frame.
        scaler (VideoReformatter): What converts it.

    Examples:
        >>> frame = av.VideoFrame(64, 48, 'yuv444p')
        >>> with_range_of_gray(frame, VideoReformatter()) is frame
        True
    """
    if not (frame.format.name.startswith(('gray', 'ya'))
            and frame.color_range == ColorRange.MPEG):
        return frame
    as_luma = scaler.reformat(frame, format='yuv420p', threads=1,
                              dst_color_range=ColorRange.JPEG)
    as_luma.color_range = ColorRange.MPEG
    return as_luma
