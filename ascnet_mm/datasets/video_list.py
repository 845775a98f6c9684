import os.path as osp
from typing import Callable, Dict, List, Optional, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType

from ..errors import InputError
from .base import ROLES, BaseVideoDataset


@DATASETS.register_module()
class VideoList(BaseVideoDataset):
    """Videos named in list files of MMAction2, with or without labels.

    A line is a path, and a blank and an integer label where there is one.
    Unlike in the host's ``VideoDataset``, paths may hold blanks, as the
    class folders of Kinetics do; CRLF line ends and empty lines are fine.

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
        **kwargs: ``test_mode``, ``indices``, ...

    Raises:
        InputError: If a list does not exist or is empty.
    """

    def __init__(self,
                 ann_file: Union[str, Dict[str, str]],
                 pipeline: List[Union[ConfigType, Callable]],
                 data_root: str = '',
                 data_prefix: ConfigType = dict(video=''),
                 split: Optional[int] = None,
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
            if not osp.isfile(path):
                raise InputError(f'there is no list file {path}')
            with open(path, errors='surrogateescape') as file:
                lines = [line.strip() for line in file if line.strip()]
            if not lines:
                raise InputError(f'{path} names no video')
            videos += [self._parse(line, role) for line in lines]
        return videos

    def _parse(self, line: str, role: str) -> dict:
        path, _, label = line.rpartition(' ')
        if path and label.lstrip('-').isdigit():
            path, label = path.rstrip(), int(label)
        else:
            path, label = line, -1
        return dict(
            filename=osp.join(self.data_prefix['video'], path),
            label=label,
            role=role)
