"""What all formats are written from, and how."""
import os
import os.path as osp
import shutil
from contextlib import contextmanager
from glob import escape, glob
from tempfile import TemporaryDirectory
from typing import Iterator, NamedTuple

import numpy as np

from ...errors import InputError
from ..reading import Collection

BLOCK = 4096


class Rows(NamedTuple):
    """Some consecutive clips.

    Attributes:
        row (range): Their rows.
        file (list[str]): Of their videos.
        start (np.ndarray): Seconds, float64 ``[rows]``; likewise ``end``
            and ``fps``.
        end (np.ndarray): Likewise.
        fps (np.ndarray): Likewise.
        label (np.ndarray): int64 ``[rows]``, -1 where there is none.
        features (np.ndarray): ``[rows, C]`` in the collection's dtype.
    """
    row: range
    file: list
    start: np.ndarray
    end: np.ndarray
    fps: np.ndarray
    label: np.ndarray
    features: np.ndarray


def blocks(collection: Collection) -> Iterator[Rows]:
    """The clips of a collection, some at a time."""
    clips = collection.clips
    for first in range(0, len(collection), BLOCK):
        rows = range(first, min(first + BLOCK, len(collection)))
        part = slice(rows.start, rows.stop)
        yield Rows(
            rows,
            [collection.videos[video].file for video in clips.video[part]],
            clips.start[part], clips.end[part], clips.fps[part],
            clips.label[part], collection.features[part])


@contextmanager
def whole(path: str) -> Iterator[str]:
    """A path to write a file or a folder to, which is moved to its place.

    Raises:
        InputError: If it cannot be written; then nothing is left of it.
    """
    folder, name = osp.split(osp.abspath(path))
    try:
        prefix = f'.{name}-convert-'
        for left in glob(f'{escape(osp.join(folder, prefix))}*'):
            shutil.rmtree(left)
        with TemporaryDirectory(dir=folder, prefix=prefix) as apart:
            part = osp.join(apart, name)
            yield part
            os.replace(part, path)
    except OSError as error:
        raise InputError(f'{path} cannot be written ({error.strerror}): make '
                         'room, or name another place') from error
