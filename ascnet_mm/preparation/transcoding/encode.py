"""Pictures into an H.264 file that decodes fast."""
import os
from fractions import Fraction
from typing import Iterator

import av
from av.video.reformatter import ColorRange

from ...datasets.video import chroma_siting
from ...files import remove_if_there
from .recipe import Recipe

# H.264's places of color samples, right of and below the first pixel
CHROMA_PLACES = [(0, 0.5), (0.5, 0.5), (0, 0), (0.5, 0), (0, 1), (0.5, 1)]


def add_stream(container: av.container.OutputContainer,
               picture: av.VideoFrame, rate: Fraction,
               recipe: Recipe) -> av.VideoStream:
    """Add the stream that pictures like the given one go into.

    Args:
        container (av.container.OutputContainer): The file.
        picture (av.VideoFrame): The picture.
        rate (Fraction): Frames per second.
        recipe (Recipe): How to encode them.

    Examples:
        >>> stream = add_stream(container, picture, Fraction(25),
        ...                     recipe)  # doctest: +SKIP
    """
    place = CHROMA_PLACES.index(chroma_siting(picture))
    stream = container.add_stream(
        'libx264',
        rate=rate,
        options={
            'preset': 'veryfast',
            'tune': 'fastdecode',
            'crf': str(recipe.quality),
            'g': str(recipe.key_frames),
            # Key frames at these places alone: cuts begin no shorter group.
            'sc_threshold': '0',
            'bf': '0',
            'a53cc': '0',
            'x264-params': f'open-gop=0:chromaloc={place}',
        })
    stream.width, stream.height = picture.width, picture.height
    stream.pix_fmt = 'yuv420p'
    context = stream.codec_context
    context.thread_count = 1
    context.colorspace = picture.colorspace
    context.color_range = ColorRange.MPEG
    return stream


def encode(path: str, pictures: Iterator[av.VideoFrame], rate: Fraction,
           recipe: Recipe) -> int:
    """Write pictures to a file; how many there were.

    The process ends, and leaves no file, once the one that started it is
    gone.

    Args:
        path (str): The file.
        pictures (Iterator[av.VideoFrame]): The pictures.
        rate (Fraction): Frames per second.
        recipe (Recipe): How to encode them.

    Examples:
        >>> encode('x.mp4', pictures(frames, 128), Fraction(25),
        ...        Recipe(128, 16, 20, None))  # doctest: +SKIP
        48
    """
    parent, count, stream = os.getppid(), 0, None
    with av.open(
            path, 'w', format='mp4',
            options={'movflags': '+faststart'}) as container:
        for count, picture in enumerate(pictures, 1):
            if os.getppid() != parent:  # the run was killed
                remove_if_there(path)
                os._exit(1)
            stream = stream or add_stream(container, picture, rate, recipe)
            picture.pts, picture.time_base = count - 1, 1 / rate
            # Else x264 takes over the source's key frames.
            picture.pict_type = 0
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))
    return count
