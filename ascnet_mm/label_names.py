"""What labels are called."""
import os.path as osp
from collections import defaultdict
from typing import Dict, Sequence

from .errors import InputError
from .text import printable


def folder_names(files: Sequence[str],
                 labels: Sequence[int]) -> Dict[int, str]:
    """Names of labels by the folders of their videos.

    A label is called by the folder that its videos have in common, if no
    other label has videos there.

    Args:
        files (Sequence[str]): Paths of the videos.
        labels (Sequence[int]): -1 where there is none.

    Returns:
        dict[int, str]: Of the labels that can be called so.

    Examples:
        >>> folder_names(['x/run/1.mp4', 'y/run/2.mp4', 'sit/3.mp4'],
        ...              [4, 4, -1])
        {4: 'run'}
    """
    of_label, of_folder = defaultdict(set), defaultdict(set)
    for file, label in zip(files, labels):
        folder = osp.basename(osp.dirname(file))
        of_label[label].add(folder)
        of_folder[folder].add(label)
    names = {}
    for label, folders in of_label.items():
        first = min(folders)
        alone = len(folders) == len(of_folder[first]) == 1
        if label >= 0 and first and alone:
            names[label] = first
    return names


def read_label_names(path: str) -> Dict[int, str]:
    """Names of labels from a file: that of label 0 on the first line, ...

    Args:
        path (str): UTF-8, a name a line, as MMAction2's
            ``label_map_k400.txt``.

    Raises:
        InputError: If there is no such file, or a name is empty or given
            twice.

    Examples:
        >>> read_label_names('label_map_k400.txt')[0]  # doctest: +SKIP
        'abseiling'
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            text = file.read().removesuffix('\n')
    except (OSError, ValueError) as error:
        raise InputError(f'{path} cannot be read: {error}') from error
    # Not splitlines, which takes a form feed for the end of a line.
    lines = [line.strip() for line in text.split('\n')] if text else []
    places: Dict[str, int] = {}
    for number, name in enumerate(lines):
        if not name:
            raise InputError(f'{path}, line {number + 1} is empty: it holds '
                             f'the name of label {number}')
        if places.setdefault(name, number) != number:
            raise InputError(f'{path} gives the labels {places[name]} and '
                             f'{number} one name, {printable(name)}')
    return dict(enumerate(lines))
