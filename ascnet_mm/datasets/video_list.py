import os.path as osp
from typing import Callable, List, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType

from ..errors import InputError
from .base import BaseVideoDataset


@DATASETS.register_module()
class VideoList(BaseVideoDataset):
    """Videos named in a list file of MMAction2, with or without labels.

    A line is a path, and a blank and an integer label where there is one.
    Unlike in the host's ``VideoDataset``, paths may hold blanks, as the
    class folders of Kinetics do; CRLF line ends and empty lines are fine.

    Args:
        ann_file (str): Path of the list, below ``data_root``.
        pipeline (list): Transforms.
        data_root (str): Folder of the data set. Defaults to ''.
        data_prefix (dict): Under ``video`` the folder, below ``data_root``,
            that the listed paths start from. Defaults to
            ``dict(video='')``.
        **kwargs: ``role``, ``test_mode``, ``indices``, ...

    Raises:
        InputError: If the list does not exist or is empty.
    """

    def __init__(self,
                 ann_file: str,
                 pipeline: List[Union[ConfigType, Callable]],
                 data_root: str = '',
                 data_prefix: ConfigType = dict(video=''),
                 **kwargs) -> None:
        super().__init__(
            ann_file=ann_file,
            pipeline=pipeline,
            data_root=data_root,
            data_prefix=data_prefix,
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Parse the list into ``filename`` and ``label`` (-1 for none)."""
        if not osp.isfile(self.ann_file):
            raise InputError(f'there is no list file {self.ann_file}')
        with open(self.ann_file, errors='surrogateescape') as lines:
            return [self._parse(line.strip()) for line in lines
                    if line.strip()]

    def _parse(self, line: str) -> dict:
        path, _, label = line.rpartition(' ')
        if path and label.lstrip('-').isdigit():
            path, label = path.rstrip(), int(label)
        else:
            path, label = line, -1
        return dict(
            filename=osp.join(self.data_prefix['video'], path), label=label)
