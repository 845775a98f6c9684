import os
import os.path as osp
import re
from typing import Callable, Dict, List, Optional, Tuple, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType

from ..errors import InputError
from .base import ROLES, BaseVideoDataset

BLANKS = ' \t\r\n'


@DATASETS.register_module()
class VideoList(BaseVideoDataset):
    """Videos named in list files of MMAction2, with or without labels.

    A line is a path, and a blank and an integer label where there is one.
    Unlike in the host's ``VideoDataset``, paths may hold blanks, as the
    class folders of Kinetics do; tabs, CRLF line ends, empty lines and names
    that are not UTF-8 are fine. A listed path leads to below the folder of
    the videos; links in there are followed wherever they lead.

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
        allow_outside (bool): Whether listed paths may be absolute, contain
            an address or lead out of the folder. Defaults to False.
        **kwargs: ``test_mode``, ``indices``, ...

    Raises:
        InputError: If a list does not exist, cannot be read or is empty, a
            path leads out of the folder, or a label is too large.
    """

    def __init__(self,
                 ann_file: Union[str, Dict[str, str]],
                 pipeline: List[Union[ConfigType, Callable]],
                 data_root: str = '',
                 data_prefix: ConfigType = dict(video=''),
                 split: Optional[int] = None,
                 allow_outside: bool = False,
                 **kwargs) -> None:
        lists = dict(query=ann_file) if isinstance(ann_file, str) else ann_file
        if not lists or not set(lists) <= set(ROLES):
            raise InputError(
                "ann_file is one path, or paths under 'gallery' and 'query', "
                f'not {ann_file}')
        self.lists = {
            role: osp.join(data_root, path.replace('{split}', str(split)))
            for role, path in lists.items()
        }
        self.allow_outside = allow_outside
        super().__init__(
            ann_file='',
            pipeline=pipeline,
            data_root=data_root,
            data_prefix=data_prefix,
            **kwargs)

    @property
    def source(self) -> str:
        """str: The lists, for messages."""
        return ' and '.join(self.lists.values())

    def load_data_list(self) -> List[dict]:
        """Parse the lists into ``filename``, ``label`` (-1 for none), role."""
        videos = []
        for role, path in self.lists.items():
            lines = read_lines(path)
            if not lines:
                raise InputError(f'{path} names no video')
            videos += [self._parse(line, role, path) for line in lines]
        return videos

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


def split_line(line: str) -> Tuple[str, str]:
    """Path and label of a line of a list; '' where it has no label."""
    match = re.fullmatch(r'(.*[^ \t])[ \t]+(-?[0-9]+)', line, re.DOTALL)
    return match.groups() if match else (line, '')


def leads_outside(path: str) -> bool:
    """Whether a path does not lead to below the folder that it starts from.

    Only the text counts: links are whoever made them's to answer for.
    """
    return (osp.isabs(path) or '://' in path
            or osp.normpath(path).split(os.sep)[0] == os.pardir)
