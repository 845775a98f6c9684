"""How much of a run's wall time was spent waiting for data."""
import json
import os.path as osp
from glob import escape, glob
from statistics import median
from typing import Dict, List

from ..errors import InputError
from .timing import Ratio, publish


def read_iterations(work_dir: str) -> Dict[str, List[float]]:
    """Seconds of each iteration, and of them those without data.

    Args:
        work_dir (str): Of runs that logged each iteration by itself; the
            last one counts.

    Returns:
        dict[str, list[float]]: ``'iteration'`` and ``'waiting'``, without
        the first iteration of each epoch, which starts the workers.

    Raises:
        InputError: If there are none.
    """
    seconds: Dict[str, List[float]] = dict(iteration=[], waiting=[])
    pattern = osp.join(escape(work_dir), '*', 'vis_data', 'scalars.json')
    for path in sorted(glob(pattern))[-1:]:
        epoch = iteration = None
        with open(path) as lines:
            for entry in map(json.loads, lines):
                if 'loss' not in entry:
                    continue
                if entry['epoch'] == epoch:
                    if entry['iter'] != iteration + 1:
                        raise InputError(
                            f'{path} has no line for each iteration: train '
                            'with default_hooks.logger.interval=1')
                    seconds['iteration'].append(entry['time'])
                    seconds['waiting'].append(entry['data_time'])
                epoch, iteration = entry['epoch'], entry['iter']
    if not seconds['iteration']:
        raise InputError(
            f'{work_dir} holds no log of two iterations of an epoch: train '
            'with default_hooks.logger.interval=1')
    return seconds


def run(work_dir: str, batch: int, workers: int, out: str) -> None:
    """Read the log, print and write ``epoch.json``.

    Args:
        work_dir (str): Of a run that logged each iteration by itself.
        batch (int): Pairs per iteration.
        workers (int): Of its loader.
        out (str): Folder of the file.

    Raises:
        InputError: If there are no iterations in the log.
    """
    seconds = read_iterations(work_dir)
    total, waiting = (sum(values) for values in seconds.values())
    publish(
        'epoch',
        dict(
            batch=batch,
            workers=workers,
            iterations=len(seconds['iteration']),
            pairs_per_second=round(batch / median(seconds['iteration']),
                                   2)), seconds,
        [Ratio('waiting for data / wall time', waiting / total, '<= 0.05')],
        out)
