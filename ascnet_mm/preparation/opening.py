"""Which videos can be opened."""
import os.path as osp
from concurrent.futures import ProcessPoolExecutor
from typing import Dict, List, Optional

from rich.progress import track

from ..datasets.video import VideoReader, reason, within

# Seconds; the data sets' own limit.
TIME_LIMIT = 60


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
    with ProcessPoolExecutor(workers) as pool:
        reasons = pool.map(
            why_unreadable, [osp.join(root, path) for path in paths],
            chunksize=16)
        shown = track(reasons, 'opening videos', total=len(paths))
        return {path: why for path, why in zip(paths, shown) if why}
