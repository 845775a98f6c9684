"""Where the official videos lie, and links to them in MMAction2's layout."""
import os
import os.path as osp
from typing import Dict, List, NamedTuple

from ..datasets.video_folder import find_videos
from ..errors import InputError
from .data_sets import DataSet
from .official_files import Official, first_of


class Located(NamedTuple):
    """Which official videos are on disk, and which are not.

    Paths start with MMAction2's name for the folder of the videos.

    Attributes:
        lists (dict[str, list[tuple]]): Path and label of each video of a
            part, sorted.
        missing (list[str]): Videos without extension, sorted.
    """
    lists: Dict[str, List[tuple]]
    missing: List[str]


def folder_of(part: str, dataset: DataSet) -> str:
    """MMAction2's name for the folder that a list's paths start from.

    Args:
        part (str): The list's part of the data set.
        dataset (DataSet): The data set.

    Examples:
        >>> from ascnet_mm.preparation.data_sets import DATA_SETS
        >>> folder_of('val_split_1', DATA_SETS['ucf101'])
        'videos'
        >>> folder_of('val_list', DATA_SETS['kinetics400'])
        'videos_val'
    """
    return f'videos_{part.split("_")[0]}' if dataset.parts else 'videos'


def video_folders(videos: str, dataset: DataSet) -> Dict[str, str]:
    """Where the folders are, under MMAction2's names for them.

    Args:
        videos (str): The folder that was given.
        dataset (DataSet): The data set.

    Raises:
        InputError: If a folder of one of its parts is not there.

    Examples:
        >>> from ascnet_mm.preparation.data_sets import DATA_SETS
        >>> video_folders('UCF-101', DATA_SETS['ucf101'])
        {'videos': 'UCF-101'}
    """
    if not dataset.parts:
        return dict(videos=videos)
    return {
        f'videos_{part}': first_of(videos, [part, f'videos_{part}'],
                                   '--videos')
        for part in dataset.parts
    }


def locate(official: Official, folders: Dict[str, str],
           dataset: DataSet) -> Located:
    """Look up all official videos.

    Args:
        official (Official): What videos there are, and their labels.
        folders (dict[str, str]): What :func:`video_folders` has found.
        dataset (DataSet): The data set.

    Raises:
        InputError: If none of a list is there.

    Examples:
        >>> located = locate(official, folders, dataset)  # doctest: +SKIP
        >>> located.lists['val_split_1'][0]  # doctest: +SKIP
        ('videos/Archery/v_Archery_g01_c01.avi', 2)
    """
    found = {
        # Of several extensions the alphabet's first wins.
        f'{folder}/{dataset.key(osp.splitext(path)[0])}': f'{folder}/{path}'
        for folder, source in folders.items()
        for path in reversed(find_videos(source))
    }
    lists, missing = {}, set()
    for part, names in official.lists.items():
        folder = folder_of(part, dataset)
        paths = {
            name: found.get(f'{folder}/{dataset.key(name)}')
            for name in names
        }
        lists[part] = sorted((path, official.classes[osp.dirname(name)])
                             for name, path in paths.items() if path)
        if not lists[part]:
            raise InputError(
                f'--videos: {folders[folder]} holds none of the '
                f'{len(names)} official videos of {part} '
                f'({min(names, default="")}, ...)')
        missing |= {f'{folder}/{name}' for name in names if not paths[name]}
    return Located(lists, sorted(missing))


def link(source: str, target: str) -> None:
    """Make ``target`` a link to a folder, if it is not that folder already.

    Args:
        source (str): The folder.
        target (str): Path of the link.

    Raises:
        InputError: If something else stands there.

    Examples:
        >>> link('UCF-101', 'data/ucf101/videos')  # doctest: +SKIP
    """
    if not osp.lexists(target):
        os.symlink(osp.abspath(source), target)
    elif not osp.exists(target) or not osp.samefile(source, target):
        raise InputError(
            f'{target} is to be a link to {source}, but something else '
            'stands there: remove it, or choose another --out')
