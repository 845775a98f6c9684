"""Which videos can be opened."""
import os.path as osp
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Dict, Iterator, List, Optional

from rich.progress import track

from ..datasets.video import VideoReader, reason, within

# Seconds; the data sets' own limit.
TIME_LIMIT = 60
CHUNK = 16  # videos that a process opens at a time


def why_unreadable(path: str) -> Optional[str]:
    """Why a video cannot be opened, or None if it can.

    Args:
        path (str): The video.

    Examples:
        >>> why_unreadable('/nowhere.mp4')
        'No such file or directory'
    """
    try:
        within(TIME_LIMIT, VideoReader, path).close()
    except Exception as error:  # broken files make decoders raise anything
        return reason(error)
    return None


def find_unreadable(root: str, paths: List[str],
                    workers: int) -> Dict[str, str]:
    """Open all videos; those that cannot be opened, and why.

    Args:
        root (str): The folder that their paths start from.
        paths (list[str]): The videos.
        workers (int): Processes that open them.

    Examples:
        >>> find_unreadable('data', ['x.mp4', 'y.mp4'], 2)  # doctest: +SKIP
        {'y.mp4': 'it has no video stream'}
    """
    reasons = _reasons([osp.join(root, path) for path in paths], workers)
    shown = track(reasons, 'opening videos', total=len(paths))
    # The bar's end is reached after the last one only.
    return {path: why for why, path in zip(shown, paths) if why}


def _reasons(paths: List[str], workers: int) -> Iterator[Optional[str]]:
    """Why each video cannot be opened, in their order.

    A decoder that crashes takes its pool along: those of its chunk are then
    opened one by one, and a new pool goes on.
    """
    waiting = deque(paths[start:start + CHUNK]
                    for start in range(0, len(paths), CHUNK))
    while waiting:
        with ProcessPoolExecutor(workers) as pool:
            opened = [pool.submit(_each, chunk) for chunk in waiting]
            try:
                for future in opened:
                    yield from future.result()
                    waiting.popleft()
            except BrokenProcessPool:
                yield from map(_alone, waiting.popleft())


def _each(paths: List[str]) -> List[Optional[str]]:
    return [why_unreadable(path) for path in paths]


def _alone(path: str) -> Optional[str]:
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(why_unreadable, path).result()
        except BrokenProcessPool:
            return 'the decoder crashed'
