"""Bring a data set as its authors publish it into MMAction2's layout.

    python tools/data/prepare.py ucf101 \\
        --videos UCF-101 --annotations ucfTrainTestlist
    python tools/data/prepare.py hmdb51 \\
        --videos hmdb51_org --annotations testTrainMulti_7030_splits
    python tools/data/prepare.py kinetics400 \\
        --videos DIR_OF_TRAIN_AND_VAL --annotations DIR_OF_THE_CSV

links the videos into data/NAME and writes the lists there, under MMAction2's
names and with its labels, sorted. A video may have another extension than in
the official files, and Kinetics' need no class folders.

Official videos that are not there are left out and named in
missing_videos.txt; in UCF-101 and HMDB-51 that is an error (the lists are
written all the same) unless --subset is given. Videos that cannot be opened
are named in unreadable_videos.txt and stay in the lists: training skips and
counts them, evaluation counts them as misses. Run it again at any time: the
same files give the same lists.
"""
import argparse
import csv
import os
import os.path as osp
import re
from concurrent.futures import ProcessPoolExecutor
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set

from list_files import write_lines
from rich.progress import track

from ascnet_mm import InputError
from ascnet_mm.apis import run_script
from ascnet_mm.datasets.video import UnreadableVideo, VideoReader, within
from ascnet_mm.datasets.video_folder import find_videos
from ascnet_mm.text import printable

# Seconds; the data sets' own limit.
TIME_LIMIT = 60

# -------------------------------------------------------- official files


class Official(NamedTuple):
    """What the official files say; a video is named ``CLASS/STEM``."""
    classes: Dict[str, int]
    lists: Dict[str, Set[str]]


def first_of(folder: str, names: List[str], option: str) -> str:
    """Path of the first of several names that a folder holds.

    Raises:
        InputError: If it holds none of them.
    """
    for name in names:
        if osp.exists(osp.join(folder, name)):
            return osp.join(folder, name)
    raise InputError(f'{option}: the folder {folder} holds no '
                     f'{" or ".join(names)}')


def read_lines(path: str, pattern: str) -> Iterator[tuple]:
    """Yield the groups of a pattern that all lines of a file must have.

    Raises:
        InputError: If a line is different.
    """
    with open(path, encoding='utf-8', errors='surrogateescape') as lines:
        for number, line in enumerate(lines, 1):
            match = re.fullmatch(pattern, line.strip())
            if match:
                yield match.groups()
            elif line.strip():
                raise InputError(
                    f'{path}, line {number}, is not as in the official '
                    f'file: {line.strip()[:80]!r}')


def parse_ucf101(folder: str) -> Official:
    """Read ``classInd.txt`` and the three train and test lists."""

    def read(name: str, pattern: str) -> Iterator[tuple]:
        return read_lines(first_of(folder, [name], '--annotations'), pattern)

    classes = {
        name: int(number) - 1
        for number, name in read('classInd.txt', r'(\d+)\s+(\S+)')
    }
    lists = {
        f'{part}_split_{split}': {
            name for name, in read(
                f'{official}list0{split}.txt',
                r'([^\s/]+/\S+)\.\w+(?:\s+\d+)?')
        }
        for split in (1, 2, 3)
        for part, official in (('train', 'train'), ('val', 'test'))
    }
    return Official(classes, lists)


def parse_hmdb51(folder: str) -> Official:
    """Read ``CLASS_test_splitN.txt``: 1 is for training, 2 for testing."""
    files = [
        re.fullmatch(r'([^.]\S*)_test_split[123]\.txt', name)
        for name in os.listdir(folder)
    ]
    names = sorted({match[1] for match in files if match})
    parts = {'1': 'train', '2': 'val'}
    lists = {
        f'{part}_split_{split}': set()
        for split in (1, 2, 3)
        for part in parts.values()
    }
    for name in names:
        for split in (1, 2, 3):
            path = first_of(folder, [f'{name}_test_split{split}.txt'],
                            '--annotations')
            for stem, use in read_lines(path, r'(\S+)\.\w+\s+([012])'):
                if use in parts:
                    lists[f'{parts[use]}_split_{split}'].add(f'{name}/{stem}')
    return Official({name: label for label, name in enumerate(names)}, lists)


def read_clips(path: str) -> Iterator[str]:
    """Yield the clips of a csv of Kinetics, without blanks in the class.

    Raises:
        InputError: If a column is missing or no number where one must be.
    """
    with open(
            path, newline='', encoding='utf-8',
            errors='surrogateescape') as file:
        rows = csv.DictReader(file)
        for row in rows:
            try:
                name = row['label'].replace('"', '').replace(' ', '_')
                start = int(float(row['time_start']))
                end = int(float(row['time_end']))
                yield f'{name}/{row["youtube_id"]}_{start:06d}_{end:06d}'
            except (KeyError, TypeError, ValueError, AttributeError):
                raise InputError(
                    f'{path}, line {rows.line_num}, does not give label, '
                    'youtube_id, time_start and time_end under a header '
                    'of these names') from None


def parse_kinetics400(folder: str) -> Official:
    """Read the tables of the training and the validation clips."""
    tables = dict(
        train_list=['train.csv', 'kinetics_train.csv'],
        val_list=['val.csv', 'validate.csv', 'kinetics_val.csv'])
    lists = {
        part: set(read_clips(first_of(folder, names, '--annotations')))
        for part, names in tables.items()
    }
    names = sorted({osp.dirname(clip) for clip in lists['train_list']})
    return Official({name: label for label, name in enumerate(names)}, lists)


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

    Raises:
        InputError: If they differ and it is no subset, or a video is of no
            known class.
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


# ---------------------------------------------------------------- videos


class Located(NamedTuple):
    """Which official videos are on disk, and which are not.

    Paths start with MMAction2's name for the folder of the videos.
    """
    lists: Dict[str, List[tuple]]
    missing: List[str]


def folder_of(part: str, dataset: DataSet) -> str:
    """MMAction2's name for the folder that a list's paths start from."""
    return f'videos_{part.split("_")[0]}' if dataset.parts else 'videos'


def video_folders(videos: str, dataset: DataSet) -> Dict[str, str]:
    """Where the folders are, under MMAction2's names for them."""
    if not dataset.parts:
        return dict(videos=videos)
    return {
        f'videos_{part}': first_of(videos, [part, f'videos_{part}'],
                                   '--videos')
        for part in dataset.parts
    }


def locate(official: Official, folders: Dict[str, str],
           dataset: DataSet) -> Located:
    """Look up all official videos: paths and labels of the lists, sorted.

    Raises:
        InputError: If none of a list is there.
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

    Raises:
        InputError: If something else stands there.
    """
    if not osp.lexists(target):
        os.symlink(osp.abspath(source), target)
    elif not osp.exists(target) or not osp.samefile(source, target):
        raise InputError(
            f'{target} is to be a link to {source}, but something else '
            'stands there: remove it, or choose another --out')


def why_unreadable(path: str) -> Optional[str]:
    """Why a video cannot be opened, or None if it can."""
    try:
        within(TIME_LIMIT, VideoReader, path).close()
    except (UnreadableVideo, TimeoutError) as error:
        return str(error)
    return None


def find_unreadable(root: str, paths: List[str],
                    workers: int) -> Dict[str, str]:
    """Open all videos; those that cannot be opened, and why."""
    with ProcessPoolExecutor(workers) as pool:
        reasons = pool.map(
            why_unreadable, [osp.join(root, path) for path in paths],
            chunksize=16)
        shown = track(reasons, 'opening videos', total=len(paths))
        return {path: why for path, why in zip(paths, shown) if why}


# --------------------------------------------------------------- writing


def report(path: str, reasons: Dict[str, str], what: str) -> None:
    """Name videos in a file, the first few on the screen as well."""
    if not reasons:
        if osp.exists(path):
            os.remove(path)
        return
    reasons = {printable(name): why for name, why in reasons.items()}
    write_lines(path, [f'{video}\t{why}' for video, why in reasons.items()])
    print(f'{what}: {len(reasons)}, all named in {path}')
    for video, why in list(reasons.items())[:3]:
        print(f'    {video} ({why})')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dataset', choices=DATA_SETS)
    parser.add_argument(
        '--videos',
        required=True,
        help='folder of the class folders; of Kinetics, that of train and val')
    parser.add_argument(
        '--annotations', required=True, help='folder of the official files')
    parser.add_argument('--out', help='default: data/DATASET')
    parser.add_argument(
        '--subset',
        action='store_true',
        help='videos or official files are knowingly incomplete; labels '
        'count the classes of the official files, so leave in all classes')
    parser.add_argument(
        '--no-check', action='store_true', help='do not open the videos')
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count(),
        help='processes that open videos; default: one per core')
    args = parser.parse_args()
    args.out = args.out or f'data/{args.dataset}'
    if osp.isfile(args.out):
        raise InputError(f'--out: {args.out} is a file, not a folder')
    for option in ('videos', 'annotations'):
        if not osp.isdir(getattr(args, option)):
            raise InputError(
                f'--{option}: there is no folder {getattr(args, option)}')
    if args.workers < 1:
        raise InputError(f'--workers must be positive, not {args.workers}')
    return args


def main() -> None:
    args = parse_args()
    dataset = DATA_SETS[args.dataset]
    official = dataset.parse(args.annotations)
    check_official(official, dataset, args.annotations, args.subset)
    folders = video_folders(args.videos, dataset)
    located = locate(official, folders, dataset)

    os.makedirs(args.out, exist_ok=True)
    for name, source in folders.items():
        link(source, osp.join(args.out, name))
    paths = sorted({path for part in located.lists.values()
                    for path, _ in part})
    unreadable = {} if args.no_check else find_unreadable(
        args.out, paths, args.workers)
    for part, videos in located.lists.items():
        # Listed paths start from the folder that the config names.
        write_lines(
            osp.join(args.out, f'{args.dataset}_{part}_videos.txt'),
            [f'{path.split("/", 1)[1]} {label}' for path, label in videos])

    missing = dict.fromkeys(located.missing, 'not found')
    missing_file = osp.join(args.out, 'missing_videos.txt')
    report(missing_file, missing, 'missing videos')
    report(osp.join(args.out, 'unreadable_videos.txt'), unreadable,
           'unreadable videos')
    for part, videos in located.lists.items():
        count = dataset.counts.get(part, len(official.lists[part]))
        classes = len({label for _, label in videos})
        print(f'{args.out}/{args.dataset}_{part}_videos.txt: {len(videos)} '
              f'of {count} videos, {classes} of {dataset.classes} classes')
    print(f'next: python tools/train.py {dataset.config} --cfg-options '
          f'data_root={args.out}')
    if missing and not (dataset.vanishing or args.subset):
        raise InputError(
            f'{args.videos} lacks {len(missing)} of the official videos (see '
            f'{missing_file}): extract the archives again, or add --subset')


if __name__ == '__main__':
    run_script(main)
