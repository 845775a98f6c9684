"""Optical flow of videos, as videos of their own."""
import contextlib
from fractions import Fraction
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from ..datasets.video import Timing
from ..device import cores
from ..errors import InputError
from .transcoding.jobs import Outcome
from .transcoding.pictures import SCALING, pictures
from .transcoding.recipe import check_limits
from .transcoding.run import copy_folder

# Of limited range: what gray is coded as, and the largest chroma
GRAY, NEUTRAL, LARGEST = 126, 128, 112


class FlowRecipe(NamedTuple):
    """How videos of flow are made.

    Attributes:
        short_edge (int): Pixels of the shorter edge, between whose pictures
            the flow is computed as well.
        key_frames (int): Frames from one key frame to the next.
        quality (int): x264's crf, 0 (best) to 51.
        flow_limit (float): Pixels per frame that are coded as the largest
            chroma, and to which larger ones are cut.
    """
    short_edge: int
    key_frames: int
    quality: int
    flow_limit: float

    def pictures(
            self, frames: Iterator[av.VideoFrame], shown: Timing
    ) -> Tuple[Fraction, Iterator[av.VideoFrame]]:
        """Pictures of the flow from each frame to the next.

        There are as many as frames: none is left out or repeated to make the
        rate constant, so that the two files number their frames alike.

        Args:
            frames (Iterator[av.VideoFrame]): All that can be decoded.
            shown (Timing): When they are shown.

        Returns:
            tuple[Fraction, Iterator[av.VideoFrame]]: Pictures per second,
            and the pictures.
        """
        return shown.rate, flow_pictures(
            pictures(frames, self.short_edge), self.flow_limit)


def optical_flow(source: str,
                 target: str,
                 short_edge: int = 128,
                 key_frames: int = 16,
                 quality: int = 10,
                 flow_limit: float = 20.,
                 workers: Optional[int] = None,
                 timeout: int = 600) -> Dict[str, Outcome]:
    """Make a video of the optical flow of each video of a folder.

    The flow is OpenCV's DIS (Kroeger et al., ECCV 2016). Frame n of the new
    video shows the flow from frame n of the old one to the next; the last
    frame shows none. The horizontal component is stored as Cb, the vertical
    one as Cr; the luma is gray. So flow is a video like any other: every
    command and pipeline reads it, as fast as a transcoded video and without a
    format of its own, and the preprocessor makes three channels of it that are
    linear in both components (from about 11 pixels per frame on they
    saturate). 4:2:0 keeps half of the resolution, the one at which DIS
    computes flow. (Ours; CoCLR's authors store TV-L1 flow as two channels of
    JPEGs.)

    Lists, problems and runs that were stopped are as of :func:`transcode`.
    The same videos give the same files.

    Args:
        source (str): Folder of a data set, best of copies by
            :func:`transcode`; or one video.
        target (str): Folder of the flow and lists, apart from ``source``.
        short_edge (int): Pixels of the shorter edge. Videos and their flow
            go into one sample if it is that of both. Defaults to 128.
        key_frames (int): Frames from one key frame to the next. Defaults to
            16.
        quality (int): x264's crf, 0 (best) to 51. Defaults to 10 (ours).
        flow_limit (float): Pixels per frame to which the flow is cut.
            Defaults to 20 (CoCLR's authors').
        workers (int, optional): Videos that are worked on at a time.
            Defaults to one per core.
        timeout (int): Seconds after which a video counts as unreadable.
            Defaults to 600.

    Returns:
        dict[str, Outcome]: What became of each video, by its path below
        ``source``.

    Raises:
        InputError: As of :func:`transcode`; if ``flow_limit`` is not above 0
            and at most 1000.

    Examples:
        >>> outcomes = optical_flow(
        ...     'data/ucf101_small', 'data/ucf101_flow')  # doctest: +SKIP
    """
    workers = cores() if workers is None else workers
    check_limits(
        short_edge=short_edge,
        key_frames=key_frames,
        quality=quality,
        workers=workers,
        timeout=timeout)
    if not 0 < flow_limit <= 1000:
        raise InputError('--flow-limit is a number of pixels above 0 and at '
                         f'most 1000, not {flow_limit}')
    recipe = FlowRecipe(short_edge, key_frames, quality, float(flow_limit))
    # Forked processes would wait for OpenCV's threads, which stay behind.
    with one_thread():
        return copy_folder(source, target, recipe, workers, timeout)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV compute without threads; their number is in DIS's results.

    Examples:
        >>> with one_thread():
        ...     cv2.getNumThreads()
        1
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def flow_pictures(frames: Iterator[av.VideoFrame],
                  limit: float) -> Iterator[av.VideoFrame]:
    """Yield a picture of the flow from each frame to the next.

    Args:
        frames (Iterator[av.VideoFrame]): Frames of one size, yuv420p.
        limit (float): Pixels per frame that are the largest chroma.

    Examples:
        >>> frames = [av.VideoFrame(64, 48, 'yuv420p')] * 3
        >>> [picture.width for picture in flow_pictures(iter(frames), 20.)]
        [64, 64, 64]
    """
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    scaler, before = VideoReformatter(), None
    for after in frames:
        if before is not None:
            flow = method.calc(_luma(before), _luma(after), None)
            yield _picture(before, flow, limit, scaler)
        before = after
    if before is not None:
        none = np.zeros((before.height, before.width, 2), np.float32)
        yield _picture(before, none, limit, scaler)


def _luma(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray()[:frame.height]


def _picture(frame: av.VideoFrame, flow: np.ndarray, limit: float,
             scaler: VideoReformatter) -> av.VideoFrame:
    """Flow ``[H, W, 2]`` as colors, coded and sited as the frame's are."""
    picture = scaler.reformat(frame, format='yuv444p', threads=1)
    chroma = NEUTRAL + np.rint(LARGEST / limit * flow).clip(-LARGEST, LARGEST)
    for plane, values in zip(picture.planes,
                             (GRAY, chroma[..., 0], chroma[..., 1])):
        lines = np.ndarray((plane.height, plane.line_size), np.uint8, plane)
        lines[:, :plane.width] = values
    return scaler.reformat(
        picture, format='yuv420p', interpolation=SCALING, threads=1)
