"""The folder of the copies: apart from the videos, and one run's alone."""
import contextlib
import os.path as osp
from typing import Iterator, List

from ...errors import InputError
from ...files import make_folder
from ...lock import hold, leave
from .jobs import Job


def make_apart(source: str, target: str, jobs: List[Job]) -> None:
    """Make the folder of the copies, apart from what they are made of.

    Args:
        source (str): The folder or video that is copied.
        target (str): Folder of the copies.
        jobs (list[Job]): The videos that are copied.

    Raises:
        InputError: If one folder lies in the other, links lead from SRC to
            DST, DST is the folder of the one video that is copied, or DST is
            no folder.

    Examples:
        >>> make_apart('data/ucf101', 'data/ucf101_small',
        ...            jobs)  # doctest: +SKIP
    """
    paths = [osp.realpath(path) for path in (source, target)]
    if osp.isdir(source) and osp.commonpath(paths) in paths:
        raise InputError(
            f'DST: {target} and SRC, {source}, lie in one another: choose a '
            'folder apart')
    # A copy may have the name of another original there.
    beside = osp.realpath(osp.dirname(osp.abspath(source)))
    if paths[1] in (osp.dirname(paths[0]), beside):
        raise InputError(
            f'DST: {target} is the folder of {source}: choose another')
    # Copies would be copied again, by each run
    for folder in {osp.dirname(job.source) for job in jobs}:
        real = osp.realpath(folder)
        if osp.commonpath([real, paths[1]]) == paths[1]:
            raise InputError(
                f'DST: {folder} in SRC leads to {real} in {target}: choose a '
                'folder apart')
    make_folder(target)


@contextlib.contextmanager
def alone(target: str) -> Iterator[None]:
    """Keep a second run out of a folder; the lock ends with the process.

    Args:
        target (str): The folder.

    Raises:
        InputError: If one is under way.

    Examples:
        >>> with alone('data/ucf101_small'):  # doctest: +SKIP
        ...     make_the_copies()
    """
    hold(target)
    try:
        yield
    finally:
        leave(target)
