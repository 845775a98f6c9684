"""What frames show: upright, small and in the colors that H.264 keeps."""
from fractions import Fraction
from typing import Iterator, List, Tuple

import av
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    Interpolation,
    VideoReformatter,
)

from ...datasets.video import orientation, with_range_of_gray

# decord opens no narrower picture.
NARROWEST = 32
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
# Of AVColorSpace: swscale takes a file that names no matrix (2) for BT.601.
BT601 = (2, 5, 6)


def fit(width: int, height: int, short_edge: int) -> Tuple[int, int]:
    """Even size with a short edge of at most ``short_edge``.

    Args:
        width (int): Of the picture.
        height (int): Of the picture.
        short_edge (int): Pixels. What is narrower than 32 is enlarged.

    Examples:
        >>> fit(1920, 1080, 128)
        (226, 128)
    """
    short = min(width, height)
    edge = max(min(short, short_edge), NARROWEST)
    return (width * edge // short // 2 * 2, height * edge // short // 2 * 2)


def turns(frame: av.VideoFrame) -> List[str]:
    """FFmpeg's filters that put a frame upright, by its display matrix.

    Args:
        frame (av.VideoFrame): The frame.

    Examples:
        >>> turns(av.VideoFrame(64, 48, 'yuv420p'))
        []
    """
    upright = orientation(frame)
    return (['transpose'] * upright.transposed + ['hflip'] * upright.mirrored
            + ['vflip'] * upright.flipped)


def make_graph(frame: av.VideoFrame, filters: List[str]) -> av.filter.Graph:
    """A chain of filters for frames like the given one.

    Args:
        frame (av.VideoFrame): The frame.
        filters (list[str]): Names of FFmpeg's filters.

    Examples:
        >>> frame = av.VideoFrame(64, 48, 'yuv444p')
        >>> graph = make_graph(frame, ['transpose'])
        >>> graph.vpush(frame)
        >>> graph.vpull().width
        48
    """
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1))
    graph.link_nodes(source, *map(graph.add, [*filters, 'buffersink']))
    graph.configure()
    return graph


def pictures(frames: Iterator[av.VideoFrame],
             short_edge: int) -> Iterator[av.VideoFrame]:
    """Yield frames upright, small and as limited yuv420p, all of one size.

    Args:
        frames (Iterator[av.VideoFrame]): The frames.
        short_edge (int): Pixels of the shorter edge.

    Examples:
        >>> frames = [av.VideoFrame(256, 256, 'yuv420p')]
        >>> [picture.width for picture in pictures(frames, 128)]
        [128]
    """
    # Turned in full color, whose samples lie with those of the luma.
    scaler, graph = VideoReformatter(), None
    thinner, grays = VideoReformatter(), VideoReformatter()
    for frame in frames:
        if graph is None:
            size = fit(frame.width, frame.height, short_edge)
            matrix = (
                Colorspace.ITU601 if frame.format.is_rgb
                or frame.colorspace in BT601 else Colorspace.ITU709)
        small = scaler.reformat(
            with_range_of_gray(frame, grays),
            *size,
            'yuv444p',
            dst_colorspace=matrix,
            interpolation=SCALING,
            dst_color_range=ColorRange.MPEG,
            threads=1)
        if graph is None:
            graph = make_graph(small, turns(frame))
        graph.vpush(small)
        yield thinner.reformat(
            graph.vpull(), format='yuv420p', interpolation=SCALING, threads=1)
