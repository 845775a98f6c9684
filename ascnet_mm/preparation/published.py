"""From a data set as it is published to MMAction2's layout."""
import os
import os.path as osp
from typing import Dict, Optional

from ..device import cores
from ..errors import InputError
from ..files import write_lines
from ..text import printable
from .data_sets import DATA_SETS, check_official
from .layout import link, locate, video_folders
from .opening import find_unreadable
from .report import report


def prepare(name: str,
            videos: str,
            annotations: str,
            out: Optional[str] = None,
            subset: bool = False,
            check: bool = True,
            workers: Optional[int] = None) -> None:
    """Link the videos of a data set and write its lists.

    Both get MMAction2's names, and the lists its labels, sorted. Official
    videos that are not there are left out and named in
    ``missing_videos.txt``; those that cannot be opened stay in the lists and
    are named in ``unreadable_videos.txt``. The same files give the same
    lists.

    Args:
        name (str): ``'ucf101'``, ``'hmdb51'`` or ``'kinetics400'``.
        videos (str): Folder of the class folders; of Kinetics, that of
            ``train`` and ``val``.
        annotations (str): Folder of the official files.
        out (str, optional): Folder of the links and lists. Defaults to
            ``data/NAME``.
        subset (bool): Whether videos or official files are knowingly
            incomplete. Defaults to False.
        check (bool): Whether to open all videos. Defaults to True.
        workers (int, optional): Processes that open videos. Defaults to one
            per core.

    Raises:
        InputError: If an argument makes no sense, the official files are
            not as published, something else stands in a link's place, or,
            but for Kinetics and a subset, videos are missing; in this last
            case the lists are written all the same.

    Examples:
        >>> prepare('ucf101', 'UCF-101',
        ...         'ucfTrainTestlist')  # doctest: +SKIP
        >>> prepare('hmdb51', 'hmdb51_org', 'testTrainMulti_7030_splits',
        ...         'data/waving', subset=True)  # doctest: +SKIP
    """
    out = out or f'data/{name}'
    workers = cores() if workers is None else workers
    _check_arguments(name, videos, annotations, out, workers)
    dataset = DATA_SETS[name]
    official = dataset.parse(annotations)
    check_official(official, dataset, annotations, subset)
    folders = video_folders(videos, dataset)
    located = locate(official, folders, dataset)

    os.makedirs(out, exist_ok=True)
    for folder, source in folders.items():
        link(source, osp.join(out, folder))
    paths = sorted({path for part in located.lists.values()
                    for path, _ in part})
    unreadable = find_unreadable(out, paths, workers) if check else {}
    for part, listed in located.lists.items():
        # Listed paths start from the folder that the config names.
        write_lines(
            osp.join(out, f'{name}_{part}_videos.txt'),
            [f'{path.split("/", 1)[1]} {label}' for path, label in listed])

    missing = dict.fromkeys(located.missing, 'not found')
    missing_file = osp.join(out, 'missing_videos.txt')
    _report(missing_file, missing, 'missing videos')
    _report(osp.join(out, 'unreadable_videos.txt'), unreadable,
            'unreadable videos')
    for part, listed in located.lists.items():
        count = dataset.counts.get(part, len(official.lists[part]))
        classes = len({label for _, label in listed})
        print(f'{out}/{name}_{part}_videos.txt: {len(listed)} of {count} '
              f'videos, {classes} of {dataset.classes} classes')
    print(f'next: python tools/train.py {dataset.config} --cfg-options '
          f'data_root={out}')
    if missing and not (dataset.vanishing or subset):
        raise InputError(
            f'{videos} lacks {len(missing)} of the official videos (see '
            f'{missing_file}): extract the archives again, or add --subset')


def _check_arguments(name: str, videos: str, annotations: str, out: str,
                     workers: int) -> None:
    if name not in DATA_SETS:
        raise InputError(
            f'there is no data set {name}, only {", ".join(DATA_SETS)}')
    if osp.isfile(out):
        raise InputError(f'--out: {out} is a file, not a folder')
    for option, folder in dict(videos=videos, annotations=annotations).items():
        if not osp.isdir(folder):
            raise InputError(f'--{option}: there is no folder {folder}')
    if workers < 1:
        raise InputError(f'--workers must be positive, not {workers}')


def _report(path: str, reasons: Dict[str, str], what: str) -> None:
    report(path, {printable(video): why for video, why in reasons.items()},
           f'{what}: {len(reasons)}')
