"""The data sets that can be prepared, and what is known of them."""
import os.path as osp
from typing import Callable, Dict, NamedTuple

from ..errors import InputError
from .official_files import (
    Official,
    parse_hmdb51,
    parse_kinetics400,
    parse_ucf101,
)


class DataSet(NamedTuple):
    """A data set and what is known of it.

    Attributes:
        parse (Callable): Reads the official files of a folder.
        config (str): What to run first.
        classes (int): Official number of classes.
        counts (dict): Official numbers of videos, where they are fixed.
        parts (tuple): Folders of the videos, if those for training and
            validation lie apart.
        key (Callable): What identifies a video in its path without
            extension.
        vanishing (bool): Whether nobody is expected to have all videos.
    """
    parse: Callable[[str], Official]
    config: str
    classes: int
    counts: Dict[str, int] = {}
    parts: tuple = ()
    key: Callable[[str], str] = str
    vanishing: bool = False


DATA_SETS = {
    'ucf101': DataSet(
        parse_ucf101, 'configs/ascnet/r18_ucf101.py', classes=101,
        counts=dict(
            train_split_1=9537, val_split_1=3783,
            train_split_2=9586, val_split_2=3734,
            train_split_3=9624, val_split_3=3696)),
    'hmdb51': DataSet(
        parse_hmdb51, 'configs/ascnet/finetune/r18_hmdb51_scratch.py',
        classes=51,
        counts=dict(
            train_split_1=3570, val_split_1=1530,
            train_split_2=3570, val_split_2=1530,
            train_split_3=3570, val_split_3=1530)),
    'kinetics400': DataSet(
        parse_kinetics400, 'configs/ascnet/r18_k400.py', classes=400,
        parts=('train', 'val'), key=osp.basename, vanishing=True),
}  # yapf: disable


def check_official(official: Official, dataset: DataSet, source: str,
                   subset: bool) -> None:
    """Compare the official files with the official counts.

    Args:
        official (Official): What was read from the files.
        dataset (DataSet): Whose files they are.
        source (str): Their folder, for messages.
        subset (bool): Whether other counts are fine, and only told.

    Raises:
        InputError: If they differ and it is no subset, or a video is of no
            known class.

    Examples:
        >>> official = Official({'jump': 0}, {'train_list': {'jump/x'}})
        >>> check_official(official, DATA_SETS['kinetics400'], 'csv', True)
        note: csv names 1 classes, the official files 400
    """
    for part, names in official.lists.items():
        unknown = {osp.dirname(name) for name in names} - {*official.classes}
        if unknown:
            raise InputError(
                f'{source}: {part} has videos of {min(unknown)}, which is '
                f'none of the {len(official.classes)} classes')
    counts = [('classes', len(official.classes), dataset.classes)]
    counts += [(f'videos in {part}', len(official.lists[part]), count)
               for part, count in dataset.counts.items()]
    for what, found, count in counts:
        if found == count:
            continue
        message = (f'{source} names {found} {what}, the official files '
                   f'{count}')
        if not subset:
            raise InputError(f'{message}: take them unchanged, or add '
                             '--subset')
        print(f'note: {message}')
