"""A data set of the videos that list files name."""
import logging
import os
import os.path as osp
import random
import re
from itertools import islice
from typing import Callable, Dict, Iterator, List, Optional, Pattern, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType
from mmengine.logging import print_log

from ..errors import InputError
from ..text import printable
from .base import ROLES, BaseVideoDataset
from .list_formats import other_format, split_line
from .video_folder import EXTENSIONS

BLANKS = ' \t\r\n'
# Most files of a list that are looked for, and most folders to look in. Where
# one in a hundred is there, 1000 miss them all in one of 20,000 lists.
TRIED = 1000
FOLDERS = 100


@DATASETS.register_module()
class VideoList(BaseVideoDataset):
    """Videos named in list files of MMAction2, with or without labels.

    Each line is a path, optionally followed by a blank and an integer label.
    Unlike in MMAction2's ``VideoDataset``, paths may contain blanks, as the
    class folders of Kinetics do; tabs, CRLF line ends, empty lines and names
    that are not UTF-8 are fine. Listed paths have to lead to files below the
    folder of the videos; links in there are followed wherever they lead. There
    is a warning if a query is in the gallery as well, under whatever spelling;
    a video that a list names twice is taken as intended.

    Args:
        ann_file (str | dict): Path of the list, below ``data_root``; or, for
            a retrieval, the paths of two lists under ``gallery`` and
            ``query``. ``{split}`` in it stands for the number of the split.
        pipeline (list): Transforms.
        data_root (str): Folder of the data set. Defaults to ''.
        data_prefix (dict): Under ``video`` the folder, below ``data_root``,
            that the listed paths start from. Defaults to
            ``dict(video='')``.
        split (int, optional): What ``{split}`` stands for. Defaults to None.
        matching (str | dict, optional): Regular expression; lines in whose
            path it does not match are left out. Or a dict with one per role,
            for some or all of the lists. Defaults to None: all lines.
        every (int): Take the first of each so many lines, and so a sample of
            all classes of a sorted list. Defaults to 1: all lines.
        shuffle_labels (int, optional): Seed of a permutation of the labels
            within each list, as a control: every figure should then be at
            chance. Defaults to None: the labels stay.
        allow_outside (bool): Whether listed paths may be absolute, contain
            an address or lead out of the folder. Defaults to False.
        **kwargs: ``test_mode``, ``indices``, ...

    Raises:
        InputError: If a list does not exist, cannot be read, is empty or of
            another format, no line matches, a path leads out of the folder,
            or a label is too large.

    Examples:
        >>> dataset = VideoList(
        ...     'list.txt', pipeline=[],
        ...     data_prefix=dict(video='videos'))  # doctest: +SKIP
        >>> dataset[1]['filename'], dataset[1]['label']  # doctest: +SKIP
        ('videos/b.mp4', 1)
        >>> dataset = VideoList(
        ...     dict(gallery='train.txt', query='test.txt'),
        ...     pipeline=[], data_root='data')  # doctest: +SKIP
        >>> validation = VideoList(
        ...     dict(gallery='train.txt', query='train.txt'), pipeline=[],
        ...     matching=dict(gallery='_g1', query='_g0'))  # doctest: +SKIP
    """

    def __init__(self,
                 ann_file: Union[str, Dict[str, str]],
                 pipeline: List[Union[ConfigType, Callable]],
                 data_root: str = '',
                 data_prefix: ConfigType = dict(video=''),
                 split: Optional[int] = None,
                 matching: Union[str, Dict[str, str], None] = None,
                 every: int = 1,
                 shuffle_labels: Optional[int] = None,
                 allow_outside: bool = False,
                 **kwargs) -> None:
        lists = dict(query=ann_file) if isinstance(
            ann_file, (str, os.PathLike)) else ann_file
        if 'video' not in data_prefix:
            raise InputError('data_prefix names the folder of the videos: '
                             f'dict(video=...), not {data_prefix}')
        if not lists or not set(lists) <= set(ROLES):
            raise InputError(
                "ann_file is one path, or paths under 'gallery' and 'query', "
                f'not {ann_file}')
        self.lists = {
            role: osp.join(data_root,
                           os.fspath(path).replace('{split}', str(split)))
            for role, path in lists.items()
        }
        if matching is None or isinstance(matching, str):
            matching = dict.fromkeys(lists, matching or '')
        if not set(matching) <= set(lists):
            raise InputError(f'matching={matching} names other lists than '
                             f'ann_file: {", ".join(lists)}')
        self.matching = {
            role: _compiled(pattern) for role, pattern in matching.items()
        }
        if every < 1:
            raise InputError(f'every is 1 or more, not {every}')
        self.every = every
        self.shuffle_labels = shuffle_labels
        self.allow_outside = allow_outside
        self._tried: Dict[str, List[str]] = {}
        super().__init__(
            ann_file='',
            pipeline=pipeline,
            data_root=os.fspath(data_root),
            data_prefix=data_prefix,
            **kwargs)

    @property
    def source(self) -> str:
        """str: The lists, for messages."""
        return ' and '.join(self.lists.values())

    def load_data_list(self) -> List[dict]:
        """Parse the lists into ``filename``, ``label`` (-1 for none), role."""
        folder = self.data_prefix['video']
        videos: Dict[str, List[dict]] = {}
        for role, path in self.lists.items():
            lines = read_lines(path)
            if not lines:
                raise InputError(f'{path} names no video')
            fault = other_format(lines, folder, self._on_disk)
            if fault:
                raise InputError(f'{path}: {fault}')
            lines = self._matching(lines, role, path)[::self.every]
            videos[role] = [self._parse(line, role, path) for line in lines]
            if self.shuffle_labels is not None:
                labels = [video['label'] for video in videos[role]]
                # Lists in one order are not to be permuted alike.
                random.Random(f'{self.shuffle_labels} {role}').shuffle(labels)
                for video, label in zip(videos[role], labels):
                    video['label'] = label
            count = min(len(lines), TRIED)
            self._tried[path] = [
                split_line(lines[i * len(lines) // count])[0]
                for i in range(count)
            ]
        if len(videos) > 1:
            _warn_of_common(**videos)
        return sum(videos.values(), [])

    def _matching(self, lines: List[str], role: str, path: str) -> List[str]:
        """The lines whose path has the role's expression in it."""
        if role not in self.matching:
            return lines
        pattern = self.matching[role]
        found = [
            line for line in lines if pattern.search(split_line(line)[0])
        ]
        if not found:
            raise InputError(f'{path}: matching={pattern.pattern!r} is found '
                             f'in no path, such as {lines[0][:200]!r}')
        return found

    def require_files(self) -> None:
        """Refuse lists that name no file, as with another folder before them.

        Up to 1000 files of each list are looked for, evenly spaced. What does
        not lie on a disk of this machine is not looked for.

        Raises:
            InputError: If none of a list is there.
        """
        if not self._on_disk:
            return
        folder = self.data_prefix['video']
        for source, paths in self._tried.items():
            files = [osp.join(folder, path) for path in paths]
            if any('://' in file or osp.exists(file) for file in files):
                continue
            others = (f', nor is any other of the {len(files)} files looked '
                      'for' if len(files) > 1 else '')
            raise InputError(f'{source}: {files[0]} is not there{others}: '
                             f'{self._hint(paths[0])}')

    @property
    def _on_disk(self) -> bool:
        """Whether the videos are read from a disk of this machine."""
        backends = [
            getattr(transform, 'io_backend', None)
            or (getattr(transform, 'backend_args', None) or {}).get('backend')
            for transform in self.pipeline.transforms
        ]
        return ('://' not in self.data_prefix['video']
                and set(backends) <= {None, 'disk', 'local'})

    def _hint(self, path: str) -> str:
        """What to change so that a listed file is found."""
        folder, root = self.data_prefix['video'], self.data_root
        file = osp.join(folder, path)
        if osp.islink(file):
            return f'it is a link to {osp.realpath(file)}, so fix the links'
        for start in _starting_points(folder, root):
            if osp.exists(osp.join(start, path)):
                inside = osp.relpath(start, root or os.curdir)
                if inside.split(os.sep)[0] == os.pardir:
                    inside = osp.abspath(start)
                prefix = '' if inside == os.curdir else inside
                return (f'it lies below {osp.abspath(start)}, so set '
                        f'data_prefix=dict(video={prefix!r}) of the data set, '
                        'or --root of a command that has it')
        parts = path.split('/')
        for start in range(1, len(parts)):
            if osp.exists(osp.join(folder, *parts[start:])):
                surplus = '/'.join(parts[:start])
                return (f"{'/'.join(parts[start:])} is there, so remove "
                        f'{surplus}/ from the lines')
        stem = osp.splitext(path)[0]
        for ending in EXTENSIONS:
            if osp.exists(osp.join(folder, stem + ending)):
                return (f'{stem}{ending} is there, so give a list of the '
                        'files with this ending')
        if not osp.isdir(folder or os.curdir):
            return (f'there is no folder {folder}, so change data_root or '
                    'data_prefix of the data set')
        return (f'listed paths start from {osp.abspath(folder)}, so change '
                'data_root or data_prefix of the data set, or the list')

    def _parse(self, line: str, role: str, source: str) -> dict:
        path, label = split_line(line)
        if not self.allow_outside and leads_outside(path):
            raise InputError(
                f'{source}: {line[:200]!r} leads out of the folder of the '
                'videos: change the line or data_root, or set '
                'allow_outside=True for the data set')
        if len(label) > 18:  # of a tensor's 64 bits
            raise InputError(f'{source}: {line[:200]!r} has a label that is '
                             'too large')
        return dict(
            filename=osp.join(self.data_prefix['video'], path),
            label=int(label or -1),
            role=role)


def _compiled(pattern: str) -> Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(f'matching={pattern!r} is no regular expression '
                         f'({error})') from error


def read_lines(path: str) -> List[str]:
    """The lines of a list that are not empty, without blanks around.

    Raises:
        InputError: If there is no such file or it cannot be read.
    """
    if not osp.isfile(path):
        raise InputError(f'there is no list file {path}')
    try:
        with open(path, encoding='utf-8-sig',
                  errors='surrogateescape') as file:
            lines = [line.strip(BLANKS) for line in file]
    except OSError as error:
        raise InputError(
            f'the list file {path} cannot be read ({error.strerror})'
        ) from error
    return [line for line in lines if line]


def leads_outside(path: str) -> bool:
    """Whether a path leads out of the folder that it starts from.

    Only the text counts: links are the responsibility of whoever made them.
    """
    return (osp.isabs(path) or '://' in path
            or osp.normpath(path).split(os.sep)[0] == os.pardir)


def _starting_points(folder: str, root: str) -> Iterator[str]:
    """Where else listed paths may start from, the likely ones first."""
    yield root or os.curdir
    above = osp.abspath(folder)
    while above != osp.dirname(above):
        above = osp.dirname(above)
        yield above
    for parent in (folder, root, osp.dirname(osp.abspath(folder))):
        try:
            with os.scandir(parent or os.curdir) as entries:
                yield from islice(
                    (entry.path for entry in entries if entry.is_dir()),
                    FOLDERS)
        except OSError:
            continue


def _warn_of_common(gallery: List[dict], query: List[dict]) -> None:
    """Warn of queries that stand in the gallery as well.

    The disk is asked about names alone that both have.
    """
    names = [{osp.basename(video['filename']) for video in part}
             for part in (gallery, query)]
    common = names[0] & names[1]
    files = {
        osp.realpath(video['filename']) for video in gallery
        if osp.basename(video['filename']) in common
    }
    twice = [
        video['filename'] for video in query
        if osp.basename(video['filename']) in common
        and osp.realpath(video['filename']) in files
    ]
    if twice:
        print_log(
            f'{len(twice)} of the {len(query)} queries stand in the gallery '
            f'as well, {printable(twice[0])} the first of them: each finds '
            'itself, so what is measured is too good',
            logger='current',
            level=logging.WARNING)
