"""Runs that JSON files of experiments hold, which need not be run again."""
import json
import os.path as osp
from typing import Any, Dict, List, Sequence

from ..errors import InputError
from .jobs import Job, chains_of
from .outcomes import Outcomes
from .records import Record
from .results import Figures


def reusable(jobs: Sequence[Job], files: Sequence[str],
             work_dir: str) -> Dict[str, Record]:
    """Records of the jobs that files hold.

    A pre-training is taken over together with all of its evaluations, and only
    if no job that has to be run starts from its checkpoint, which no file
    holds.

    Args:
        jobs (Sequence[Job]): As :func:`make_jobs` returns them.
        files (Sequence[str]): Paths of ``compare_NAME.json``.
        work_dir (str): Folder of the jobs.

    Returns:
        dict[str, dict]: The records, by the jobs' paths.

    Raises:
        InputError: If a file is missing, holds no videos, or has no run of
            these jobs.
    """
    published: Dict[str, Record] = {}
    for file in files:
        records = {
            osp.join(osp.abspath(work_dir), path): record
            for path, record in _records(_read(file)).items()
        }
        if not records.keys() & {job.path for job in jobs}:
            raise InputError(f'{file} has no run with the options, seeds and '
                             'videos of this experiment: leave it out of '
                             '--reuse')
        published.update(records)
    known: Dict[str, Record] = {}
    needed: List[str] = []
    # What starts from a checkpoint comes after what makes it.
    for chain in reversed(chains_of(jobs)):
        if (chain[0].path not in needed
                and all(job.path in published for job in chain)):
            known.update({job.path: published[job.path] for job in chain})
        else:
            needed += chain[0].after
    return known


def _read(file: str) -> Figures:
    if not osp.isfile(file):
        raise InputError(f'--reuse {file}: there is no such file')
    with open(file) as opened:
        found = json.load(opened)
    if not isinstance(found, dict) or 'positions' not in found:
        raise InputError(
            f'--reuse {file}: it does not say which videos were judged, like '
            'all files of early versions: run its experiment again')
    return found


def _records(found: Figures) -> Dict[str, Record]:
    """Records of all runs that are not broken, by the jobs' folders."""
    records = {}
    for method in found['methods']:
        for run in method['runs']:
            if run['broken']:
                continue
            [first] = run['seconds'].keys() - run['tests'].keys()
            records[run['run']] = _record(run, first, run['training'], {})
            for kind, folder in run['tests'].items():
                records[osp.join(run['run'], folder)] = _record(
                    run, kind, _of(kind, run['figures']),
                    _outcomes(kind, run, found))
    return records


def _record(run: Figures, kind: str, figures: Dict[str, float],
            outcomes: Dict[str, Outcomes]) -> Record:
    return dict(
        state='done',
        figures=figures,
        unreadable=run['unreadable'][kind],
        outcomes=outcomes,
        seconds=run['seconds'][kind],
        made=run['made'])


def _outcomes(kind: str, run: Figures,
              found: Figures) -> Dict[str, Outcomes]:
    """As :func:`read_outcomes` returns them."""
    outcomes: Dict[str, Outcomes] = {}
    for name, text in _of(kind, run['outcomes']).items():
        prefix, _, figure = name.rpartition('/')
        metric = f'{kind}/{prefix}'
        labels = found['labels'].get(metric)
        outcomes.setdefault(
            prefix,
            dict(
                videos=[
                    found['videos'][int(number)]
                    for number in found['positions'][metric].split()
                ],
                labels=labels and [int(label) for label in labels.split()],
                figures={}))['figures'][figure] = text
    return outcomes


def _of(kind: str, values: Dict[str, Any]) -> Dict[str, Any]:
    """What an evaluation has found, without its name."""
    return {
        key.removeprefix(f'{kind}/'): value
        for key, value in values.items() if key.startswith(f'{kind}/')
    }
