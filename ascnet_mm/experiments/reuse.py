"""Runs that JSON files of experiments hold, which need not be run again."""
import itertools
import json
import os.path as osp
from typing import Any, Dict, List, Sequence

from ..errors import InputError
from .jobs import Job, chains_of
from .outcomes import Outcomes
from .records import Record, read_record
from .results import Figures, made_of, sizes_of
from .source import Videos

Chain = Sequence[Job]


def reusable(jobs: Sequence[Job], files: Sequence[str],
             videos: Videos) -> Dict[str, Record]:
    """Records of the jobs that files hold, but for those that are done here.

    A training is taken over together with all of its evaluations, and one that
    starts from other trainings together with these, from one file: the figures
    of a run must be of one network.

    Args:
        jobs (Sequence[Job]): As :func:`make_jobs` returns them.
        files (Sequence[str]): Paths of ``compare_NAME.json``. Of runs that
            several hold, the first counts.
        videos (Videos): What the jobs train on.

    Returns:
        dict[str, dict]: The records, by the jobs' paths.

    Raises:
        InputError: If a file is missing, does not say which videos were
            judged, or has no run of these jobs.
    """
    known: Dict[str, Record] = {}
    chains = chains_of(jobs)
    groups = [group for group in _connected(chains)
              if not any(map(_is_done, itertools.chain(*group)))]
    for file in files:
        found = _read(file)
        runs = {
            run['run']: run
            for method in found['methods'] for run in method['runs']
        }
        differ = _other_videos(found, videos)
        if not any(_holds(runs, chain) for chain in chains):
            raise InputError(
                f'--reuse {file}: no run of it has the name, options, seed, '
                f'videos and evaluations of one of this experiment{differ}')
        count = 0
        for group in groups:
            if group[0][0].path not in known and all(
                    _holds(runs, chain) for chain in group):
                count += len(group)
                for chain in group:
                    known.update(_records(chain, runs, found))
        print(f'{count} of {len(chains)} runs are taken over from {file}' +
              differ, flush=True)
    return known


def _read(file: str) -> Figures:
    if not osp.isfile(file):
        raise InputError(f'--reuse {file}: there is no such file')
    with open(file) as opened:
        try:
            found = json.load(opened)
        except ValueError:
            found = None
    if not isinstance(found, dict) or 'positions' not in found:
        raise InputError(
            f'--reuse {file}: it does not name the judged videos, so it is '
            'not a file of `compare run`, or one of an early version, whose '
            'experiment has to be run again')
    return found


def _other_videos(found: Figures, videos: Videos) -> str:
    """How the videos of a file differ from those of here; to end a line."""
    there, here = found['data'].get('sizes', {}), sizes_of(videos)
    common = sorted(set(there) & set(here))
    other = [path for path in common if there[path] != here[path]]
    if not other:
        return ''
    return (
        f'; {len(other)} of {len(common)} videos have other sizes there, '
        f'first {other[0]} ({there[other[0]]} bytes, here {here[other[0]]}): '
        'prepare them with the same options and version of PyAV on a '
        'processor of the same kind (with or without AVX-512)')


def _connected(chains: Sequence[Chain]) -> List[List[Chain]]:
    """The chains, in groups that start from one another's checkpoints."""
    groups: List[List[Chain]] = []
    for chain in chains:
        linked = [group for group in groups
                  if any(other[0].path in chain[0].after for other in group)]
        groups = [group for group in groups if group not in linked]
        groups.append([other for group in linked for other in group] + [chain])
    return groups


def _is_done(job: Job) -> bool:
    return read_record(job.path).get('state') == 'done'


def _holds(runs: Dict[str, Figures], chain: Chain) -> bool:
    """Whether there is an unbroken run of a chain, with all evaluations."""
    first, *tests = (osp.basename(job.path) for job in chain)
    run = runs.get(first)
    return (run is not None and not run['broken']
            and set(tests) <= set(run['tests'].values()))


def _records(chain: Chain, runs: Dict[str, Figures],
             found: Figures) -> Dict[str, Record]:
    first, *tests = chain
    run = runs[osp.basename(first.path)]
    kinds = {folder: kind for kind, folder in run['tests'].items()}
    records = {
        first.path: _record(run, first.kind, found, run['training'], {})
    }
    for job in tests:
        kind = kinds[osp.basename(job.path)]
        records[job.path] = _record(
            run, kind, found, _of(kind, run['figures']),
            _outcomes(kind, run, found))
    return records


def _record(run: Figures, kind: str, found: Figures,
            figures: Dict[str, float],
            outcomes: Dict[str, Outcomes]) -> Record:
    return dict(
        state='done',
        figures=figures,
        unreadable=run['unreadable'][kind],
        outcomes=outcomes,
        seconds=run['seconds'][kind],
        made=made_of(run, found, kind))


def _outcomes(kind: str, run: Figures,
              found: Figures) -> Dict[str, Outcomes]:
    """As :func:`read_outcomes` returns them."""
    outcomes: Dict[str, Outcomes] = {}
    for name, text in _of(kind, run['outcomes']).items():
        prefix, _, figure = name.rpartition('/')
        if prefix not in outcomes:
            outcomes[prefix] = _metric(f'{kind}/{prefix}', found)
        outcomes[prefix]['figures'][figure] = text
    return outcomes


def _metric(name: str, found: Figures) -> Outcomes:
    """What a metric has judged; no figures yet."""
    labels = found['labels'].get(name)
    return dict(
        videos=[
            found['videos'][int(number)]
            for number in found['positions'][name].split()
        ],
        labels=labels and [int(label) for label in labels.split()],
        figures={})


def _of(kind: str, values: Dict[str, Any]) -> Dict[str, Any]:
    """What an evaluation has found, without its name."""
    return {
        key.removeprefix(f'{kind}/'): value
        for key, value in values.items() if key.startswith(f'{kind}/')
    }
