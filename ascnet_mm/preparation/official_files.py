"""Lists and tables as the authors of the data sets publish them."""
import csv
import os
import os.path as osp
import re
from typing import Dict, Iterator, List, NamedTuple, Set

from ..errors import InputError


class Official(NamedTuple):
    """What the official files say; a video is named ``CLASS/STEM``.

    Attributes:
        classes (dict[str, int]): The label of each class.
        lists (dict[str, set[str]]): The videos of each part, such as
            ``train_split_1``.
    """
    classes: Dict[str, int]
    lists: Dict[str, Set[str]]


def first_of(folder: str, names: List[str], option: str) -> str:
    """Path of the first of several names that a folder holds.

    Args:
        folder (str): The folder.
        names (list[str]): What to look for, the preferred one first.
        option (str): The option that named the folder, for the message.

    Raises:
        InputError: If it holds none of them.

    Examples:
        >>> first_of('k400', ['val.csv', 'validate.csv'],
        ...          '--annotations')  # doctest: +SKIP
        'k400/validate.csv'
    """
    for name in names:
        if osp.exists(osp.join(folder, name)):
            return osp.join(folder, name)
    raise InputError(f'{option}: the folder {folder} holds no '
                     f'{" or ".join(names)}')


def matching_lines(path: str, pattern: str) -> Iterator[tuple]:
    r"""Yield the groups of a pattern that all lines of a file must have.

    Args:
        path (str): The file; empty lines in it are skipped.
        pattern (str): A regular expression of whole lines.

    Raises:
        InputError: If a line is different.

    Examples:
        >>> list(matching_lines('classInd.txt',
        ...                     r'(\d+) (\S+)'))  # doctest: +SKIP
        [('1', 'ApplyEyeMakeup'), ('2', 'ApplyLipstick'), ...]
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
    """Read ``classInd.txt`` and the three train and test lists.

    Args:
        folder (str): The folder of these files.

    Raises:
        InputError: If a file is missing or not as published.

    Examples:
        >>> parse_ucf101('ucfTrainTestlist').classes  # doctest: +SKIP
        {'ApplyEyeMakeup': 0, 'ApplyLipstick': 1, ...}
    """

    def read(name: str, pattern: str) -> Iterator[tuple]:
        return matching_lines(
            first_of(folder, [name], '--annotations'), pattern)

    classes = {
        name: int(number) - 1
        for number, name in read('classInd.txt', r'(\d+)\s+(\S+)')
    }
    if sorted(classes.values()) != [*range(len(classes))]:
        raise InputError(
            f'{osp.join(folder, "classInd.txt")} does not number its classes '
            f'from 1 to {len(classes)}')

    def clips(name: str) -> Iterator[str]:
        for label, stem, number in read(
                name, r'([^\s/]+)/(\S+)\.\w+(?:\s+(\d+))?'):
            if number and int(number) - 1 != classes.get(label):
                raise InputError(
                    f'{osp.join(folder, name)} gives {label}/{stem} the '
                    f'number {number}, and classInd.txt does not')
            yield f'{label}/{stem}'

    lists = {
        f'{part}_split_{split}': {*clips(f'{official}list0{split}.txt')}
        for split in (1, 2, 3)
        for part, official in (('train', 'train'), ('val', 'test'))
    }
    return Official(classes, lists)


def parse_hmdb51(folder: str) -> Official:
    """Read ``CLASS_test_splitN.txt``: 1 is for training, 2 for testing.

    Args:
        folder (str): The folder of these files.

    Raises:
        InputError: If a file is missing or not as published.

    Examples:
        >>> parse_hmdb51(
        ...     'testTrainMulti_7030_splits').classes  # doctest: +SKIP
        {'brush_hair': 0, 'cartwheel': 1, ...}
    """
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
            for stem, use in matching_lines(path, r'(\S+)\.\w+\s+([012])'):
                if use in parts:
                    lists[f'{parts[use]}_split_{split}'].add(f'{name}/{stem}')
    return Official({name: label for label, name in enumerate(names)}, lists)


def read_clips(path: str) -> Iterator[str]:
    """Yield the clips of a csv of Kinetics, without blanks in the class.

    Args:
        path (str): The table.

    Raises:
        InputError: If a column is missing or no number where one must be.

    Examples:
        >>> next(read_clips('train.csv'))  # doctest: +SKIP
        'testifying/---QUuC4vJs_000084_000094'
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
    """Read the tables of the training and the validation clips.

    Args:
        folder (str): The folder of these tables.

    Raises:
        InputError: If a table is missing or not as published.

    Examples:
        >>> parse_kinetics400('annotations').classes  # doctest: +SKIP
        {'abseiling': 0, 'air_drumming': 1, ...}
    """
    tables = dict(
        train_list=['train.csv', 'kinetics_train.csv'],
        val_list=['val.csv', 'validate.csv', 'kinetics_val.csv'])
    lists = {
        part: set(read_clips(first_of(folder, names, '--annotations')))
        for part, names in tables.items()
    }
    names = sorted({osp.dirname(clip) for clip in lists['train_list']})
    return Official({name: label for label, name in enumerate(names)}, lists)
