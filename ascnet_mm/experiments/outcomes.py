"""What a test has found of each video, as the JSON file of figures keeps it.

A figure such as ``vcop/retrieval/top1`` is 100 times the mean over the judged
videos of a number from 0 to 1. Its numbers are kept as one text per run, and
the groups of the videos once per metric.
"""
import json
import os.path as osp
from glob import escape, glob
from typing import Any, Dict, List, Optional, Sequence

from ..evaluation.functional import group_numbers

Outcomes = Dict[str, Any]


def read_outcomes(work_dir: str) -> Dict[str, Outcomes]:
    """What the last test in a work folder has written.

    Args:
        work_dir (str): The folder.

    Returns:
        dict[str, dict]: By a metric's prefix its ``videos``, their ``labels``
        or None, and, by a figure's name, the numbers of these videos under
        ``figures``; empty if the test has written none.
    """
    paths = glob(osp.join(escape(work_dir), '*', 'vis_data', 'outcomes.json'))
    if not paths:
        return {}
    with open(max(paths)) as file:
        found = json.load(file)
    return {
        prefix: dict(
            videos=metric['videos'],
            labels=metric['labels'],
            figures={
                name: pack(numbers)
                for name, numbers in metric['figures'].items()
            })
        for prefix, metric in found.items()
    }


def pack(numbers: Sequence[float]) -> str:
    """Numbers as a short text, to six digits.

    Examples:
        >>> pack([1, 0, 0]), pack([1, 0.8])
        ('100', '1 0.8')
    """
    if set(numbers) <= {0, 1}:
        return ''.join(str(int(number)) for number in numbers)
    return ' '.join(f'{number:g}' for number in numbers)


def unpack(text: str) -> List[float]:
    """The numbers of :func:`pack`.

    Examples:
        >>> unpack('100'), unpack('1 0.8')
        ([1.0, 0.0, 0.0], [1.0, 0.8])
    """
    return [
        float(part)
        for part in (text if set(text) <= {'0', '1'} else text.split())
    ]


def groups_of(videos: Sequence[str], pattern: Optional[str],
              numbers: Dict[str, int]) -> str:
    """:func:`group_numbers` as a text.

    Args:
        videos (Sequence[str]): Paths of the videos.
        pattern (str, optional): What names the group.
        numbers (dict[str, int]): Of the groups, by their names; new ones are
            added.

    Examples:
        >>> groups_of(['a/x_g01_c1.avi', 'a/x_g01_c2.avi', 'b.mp4'],
        ...           r'x_g\\d+', {})
        '0 0 1'
    """
    return ' '.join(map(str, group_numbers(videos, pattern, numbers)))
