import hashlib
import math
import os
import os.path as osp
from typing import Callable, List, Union

from mmaction.registry import DATASETS
from mmaction.utils import ConfigType

from ..errors import InputError
from .base import BaseVideoDataset

EXTENSIONS = ('.mp4', '.avi', '.mkv', '.mov', '.webm', '.m4v', '.mpg',
              '.mpeg', '.wmv', '.flv', '.ts', '.3gp', '.ogv', '.gif')


@DATASETS.register_module()
class VideoFolder(BaseVideoDataset):
    """Every video below a folder, without annotation.

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
            ann_file='', data_root=data_root, pipeline=pipeline, **kwargs)

    @property
    def source(self) -> str:
        """str: The folder, for messages."""
        return f'the folder {self.data_root}'

    def load_data_list(self) -> List[dict]:
        """List the part's videos, sorted by path, with the label -1."""
        if not osp.isdir(self.data_root):
            raise InputError(f'there is no folder {self.data_root}')
        paths = find_videos(self.data_root)
        if not paths:
            raise InputError(
                f'the folder {self.data_root} holds no video: none of its '
                f'files ends in {", ".join(EXTENSIONS)}')
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


def find_videos(root: str, extensions: tuple = EXTENSIONS) -> List[str]:
    """Paths of all videos below a folder, relative to it, sorted."""
    paths, visited = [], set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        real = osp.realpath(folder)
        if real in visited:  # a link that leads back
            subfolders.clear()
            continue
        visited.add(real)
        paths += [
            osp.relpath(osp.join(folder, name), root) for name in files
            if name.lower().endswith(extensions)
        ]
    return sorted(paths)
