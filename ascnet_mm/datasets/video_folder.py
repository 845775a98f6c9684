"""A data set of all videos below a folder."""
import hashlib
import logging
import math
import os
import os.path as osp
from collections import Counter
from typing import Callable, Iterator, List, Tuple, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType
from mmengine.logging import print_log

from ..errors import InputError
from ..text import printable
from .base import BaseVideoDataset

# What FFmpeg reads and people have videos in; audio and pictures end
# otherwise, GIF apart.
EXTENSIONS = (
    '.mp4', '.avi', '.mkv', '.mov', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv',
    '.flv', '.ts', '.3gp', '.ogv', '.gif',
    # of cameras, discs and television
    '.mts', '.m2ts', '.m2t', '.tod', '.vob', '.dv', '.mxf', '.wtv', '.dav',
    # other names of the same containers
    '.f4v', '.3g2', '.asf', '.qt', '.mpe', '.m1v', '.m2v', '.mpv', '.ogm',
    '.divx', '.xvid', '.mk3d', '.mp4v', '.rm', '.rmvb', '.amv',
    # bare streams
    '.h264', '.264', '.h265', '.265', '.hevc', '.ivf', '.obu', '.mjpeg',
    '.mjpg', '.nut', '.y4m')  # yapf: disable
# Folders of copies and thumbnails that systems make without being asked; all
# others of the kind begin with a dot.
SYSTEM_FOLDERS = ('__MACOSX', '@eaDir', '#recycle', '$RECYCLE.BIN')


@DATASETS.register_module()
class VideoFolder(BaseVideoDataset):
    """Every video below a folder, without annotation.

    A file counts as a video if its name ends in one of ``EXTENSIONS``. The log
    tells how many other files there are, by extension. Hidden files
    (``._x.mp4``, of macOS) and files in hidden folders (``.Trash``,
    ``.ipynb_checkpoints``, ``__MACOSX``) count as neither; the folder itself
    may be hidden.

    Args:
        data_root (str): The folder; links are followed.
        pipeline (list): Transforms.
        part (str): ``'all'``, or ``'val'`` for a fixed share of the videos
            and ``'train'`` for the others. Defaults to ``'all'``.
        val_share (float): The share, rounded up to whole videos.
            Defaults to 0.1.
        **kwargs: ``test_mode``, ``indices``, ...

    Raises:
        InputError: If the folder does not exist or holds no video.

    Examples:
        >>> dataset = VideoFolder('videos', pipeline=[])  # doctest: +SKIP
        >>> len(dataset), dataset[0]['filename']  # doctest: +SKIP
        (2, 'videos/a.mp4')
        >>> dataset = DATASETS.build(dict(
        ...     type='VideoFolder', data_root='videos', part='train',
        ...     pipeline=[dict(type='OpenVideo')]))  # doctest: +SKIP
    """

    def __init__(self,
                 data_root: str,
                 pipeline: List[Union[ConfigType, Callable]],
                 part: str = 'all',
                 val_share: float = 0.1,
                 **kwargs) -> None:
        if part not in ('all', 'train', 'val'):
            raise InputError(
                f"part is 'all', 'train' or 'val', not {part!r}")
        if not 0 < val_share < 1:
            raise InputError(
                f'val_share must lie between 0 and 1, not {val_share}')
        self.part = part
        self.val_share = val_share
        super().__init__(
            ann_file='',
            data_root=os.fspath(data_root),
            pipeline=pipeline,
            **kwargs)

    @property
    def source(self) -> str:
        """str: The folder, for messages."""
        return f'the folder {self.data_root}'

    def load_data_list(self) -> List[dict]:
        """List the part's videos, sorted by path, with the label -1."""
        if not osp.isdir(self.data_root):
            raise InputError(f'there is no folder {self.data_root}')
        paths, others = sort_out(self.data_root)
        if not paths:
            raise InputError(
                f'the folder {self.data_root} holds no video, only {others}: '
                'name another, or give the videos endings such as '
                f'{EXTENSIONS[0]}')
        if others:
            # MMEngine logs the same warning once: train and val share it.
            print_log(
                f'skipped in {printable(self.data_root)}: {others}',
                logger='current',
                level=logging.WARNING)
        if self.part != 'all':
            # By hash: independent of the folders' order and of one another.
            ranked = sorted(
                paths, key=lambda path: hashlib.blake2b(
                    path.encode(errors='surrogateescape')).digest())
            val = set(ranked[:math.ceil(len(paths) * self.val_share)])
            paths = [p for p in paths if (p in val) == (self.part == 'val')]
            if not paths:
                raise InputError(
                    f'the folder {self.data_root} holds a single video: none '
                    f"is left for part='{self.part}'")
        return [
            dict(filename=osp.join(self.data_root, path), label=-1)
            for path in paths
        ]


def sort_out(root: str) -> Tuple[List[str], str]:
    """The videos below a folder, and what else there is.

    Args:
        root (str): The folder.

    Returns:
        tuple[list[str], str]: Paths of the videos, relative to the folder,
        sorted; and how many other files there are, by ending, '' for none.
    """
    videos, others = [], Counter()
    for path in find_files(root):
        ending = osp.splitext(path)[1].lower()
        if ending in EXTENSIONS:
            videos.append(path)
        else:
            others[ending] += 1
    return sorted(videos), _counted(others) if others or not videos else ''


def find_videos(root: str, extensions: tuple = EXTENSIONS) -> List[str]:
    """Paths of all videos below a folder, relative to it, sorted.

    Args:
        root (str): The folder.
        extensions (tuple[str]): What their names end in, in small letters.

    Returns:
        list[str]: Those of :func:`find_files`.
    """
    return sorted(path for path in find_files(root)
                  if path.lower().endswith(extensions))


def find_files(root: str) -> Iterator[str]:
    """Paths of all files below a folder, relative to it; links are followed.

    Of a path that is no folder, none.

    What is hidden is left out: files and folders that begin with a dot, and
    ``SYSTEM_FOLDERS``. So are folders that may not be listed, with a warning.

    Raises:
        InputError: If the folder itself may not be listed, or one below it
            cannot be, as on a network drive that is gone.
    """

    def tell(error: OSError) -> None:
        if isinstance(error, NotADirectoryError):
            return
        fault = (f'the folder {printable(error.filename)} cannot be listed '
                 f'({error.strerror})')
        if error.filename == root or not isinstance(
                error, (PermissionError, FileNotFoundError)):
            raise InputError(fault) from error
        print_log(f'{fault}: its files are left out', 'current',
                  logging.WARNING)

    # Links last: of two ways to a folder, the one without a link counts, and
    # else the first by name, on every disk.
    visited, roots = set(), [root]
    for start in roots:
        for folder, subfolders, files in os.walk(start, onerror=tell):
            real = osp.realpath(folder)
            if real in visited:
                subfolders.clear()
                continue
            visited.add(real)
            subfolders[:] = sorted(
                name for name in subfolders
                if not name.startswith('.') and name not in SYSTEM_FOLDERS)
            roots += [
                path for path in (osp.join(folder, name)
                                  for name in subfolders) if osp.islink(path)
            ]
            for name in files:
                if not name.startswith('.'):
                    yield osp.relpath(osp.join(folder, name), root)


def _counted(endings: Counter) -> str:
    """Numbers of files by ending, for messages; the most frequent ones."""
    shown = [
        f'{count} {printable(ending) or "without ending"}'
        for ending, count in endings.most_common(8)
    ] + ['...'] * (len(endings) > 8)
    kinds = f' ({", ".join(shown)})' if shown else ''
    total = sum(endings.values())
    return f'{total} other file{"s" * (total != 1)}{kinds}'
