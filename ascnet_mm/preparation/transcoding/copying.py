"""The copy of one video."""
import errno
import os
from typing import List

import av

from ...datasets.video import (
    UnreadableVideo,
    decode_in_order,
    open_file,
    video_stream,
)
from ...errors import InputError
from .encode import encode
from .frame_rate import timing_of
from .jobs import Job, Outcome
from .recipe import Recipe

# A clip of the shortest configs: less of a damaged file is of no use.
FEWEST = 16
# What the disk of the copies reports, and no decoder or encoder.
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG,
        errno.EIO)


def make_copy(job: Job, recipe: Recipe) -> Outcome:
    """Write a copy of one video under a temporary name of this process.

    Args:
        job (Job): The video.
        recipe (Recipe): How to copy it.

    Raises:
        UnreadableVideo: If not enough of it can be decoded.
        InputError: If the copy cannot be written.

    Examples:
        >>> make_copy(Job('x.avi', 'x.avi', 'small/x.mp4'),
        ...           Recipe(128, 16, 20, None))  # doctest: +SKIP
        Outcome(kept=True, problem='')
    """
    problems: List[str] = []
    temporary = job.temporary(os.getpid())
    shown = timing_of(job.source)
    with open_file(job.source) as container:
        decoded = decode_in_order(
            container, video_stream(container), problems)
        rate, pictures = recipe.pictures(decoded, shown)
        try:
            count = encode(temporary, pictures, rate, recipe)
        except av.FFmpegError as error:
            if error.errno not in DISK:
                raise
            raise InputError(
                f'{job.target} cannot be written ({error.strerror}): make '
                'room or choose another DST, and run it again') from None
    if not count and not problems:
        raise UnreadableVideo('it has no frame')
    problem = f'{problems[0]}, only {count} frames' if problems else ''
    if problem and count < FEWEST:
        raise UnreadableVideo(problem)
    return Outcome(True, problem)
