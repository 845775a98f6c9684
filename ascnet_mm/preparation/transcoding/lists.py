"""Lists that name the copies."""
import os
import os.path as osp
from typing import List, Set

from ...datasets.video_folder import EXTENSIONS, find_videos
from ...datasets.video_list import read_lines, split_line
from ...errors import InputError
from ...files import write_lines
from ...text import printable
from .jobs import as_copy


def tails(paths: List[str]) -> Set[str]:
    """All ways to name videos from a folder above them.

    Args:
        paths (list[str]): The videos.

    Examples:
        >>> sorted(tails(['videos/a/x.avi']))
        ['a/x.avi', 'videos/a/x.avi', 'x.avi']
    """
    return {
        '/'.join(parts[start:])
        for parts in (path.split('/') for path in paths)
        for start in range(len(parts))
    }


def rewrite(lines: List[str]) -> List[str]:
    """Lines of a list with the names of the copies.

    Args:
        lines (list[str]): Lines ``PATH`` or ``PATH LABEL``.

    Examples:
        >>> rewrite(['a b/x.avi 3', 'y.MKV'])
        ['a b/x.mp4 3', 'y.mp4']
    """
    split = map(split_line, lines)
    return [
        (as_copy(path) if path.lower().endswith(EXTENSIONS) else path)
        + (label and f' {label}') for path, label in split
    ]


def copy_lists(source: str, target: str, videos: List[str]) -> List[str]:
    """Copy all lists that name one of the videos; their paths.

    Lists that cannot be read are named, and so are those with lines that name
    none of the videos: as they are, but for the ending, they are copied too.

    Args:
        source (str): The folder of the videos and lists.
        target (str): The folder of the copies.
        videos (list[str]): The videos, below ``source``.

    Raises:
        InputError: If a list cannot be written.

    Examples:
        >>> copy_lists('data/ucf101', 'data/ucf101_small',
        ...            ['videos/Archery/x.avi'])  # doctest: +SKIP
        ['ucf101_train_split_1_videos.txt', ...]
    """
    names = tails(videos)
    copied = []
    for path in find_videos(source, ('.txt', )):
        try:
            lines = read_lines(osp.join(source, path))
        except InputError as error:
            print(f'{printable(str(error))}: it is not copied')
            continue
        if any('\0' in line for line in lines):
            print(f'{printable(osp.join(source, path))} is not copied: it is '
                  'in UTF-16, or no text; save it as UTF-8')
            continue
        others = [line for line in lines
                  if osp.normpath(split_line(line)[0]) not in names]
        if others and len(others) < len(lines):
            print(f'{printable(osp.join(source, path))}: {len(others)} of '
                  f'{len(lines)} lines name no video of SRC, such as '
                  f'{printable(others[0])!r}')
        if len(others) < len(lines):
            os.makedirs(osp.dirname(osp.join(target, path)), exist_ok=True)
            write_lines(osp.join(target, path), rewrite(lines))
            copied.append(path)
    return copied
