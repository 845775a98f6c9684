"""What an experiment has found, as its JSON file says it."""
import os.path as osp
from difflib import get_close_matches
from statistics import mean
from typing import Any, Dict, List, Optional, Sequence

from mmengine.config import Config

from .identity import sized
from .jobs import Job
from .outcomes import Outcomes, groups_of
from .plan import Evaluation, Method, cost
from .records import Record
from .source import (
    DATA_ROOT,
    PRETRAIN,
    Videos,
    averaged,
    has_own_budget,
    references,
)

Figures = Dict[str, Any]


def collect(experiment: Config, videos: Videos, methods: Sequence[Method],
            evaluations: Sequence[Evaluation], jobs: Sequence[Job],
            records: Dict[str, Record]) -> Figures:
    """All that an experiment has found, as it is written to its JSON file.

    Args:
        experiment (Config): What it is.
        videos (Videos): Its videos.
        methods (Sequence[Method]): Its methods, the untrained one first.
        evaluations (Sequence[Evaluation]): Its evaluations.
        jobs (Sequence[Job]): What was run.
        records (dict[str, dict]): What these left, by their paths.
    """
    numbers: Dict[str, int] = {}
    judged = _judged(jobs, records)
    names = sorted({video for metric in judged.values()
                    for video in metric['videos']})
    position = {name: str(number) for number, name in enumerate(names)}
    return dict(
        question=experiment.question,
        notes=experiment.get('notes'),
        chooses=bool(experiment.get('chooses')),
        data=dict(
            pretrain=len(videos.pretrain),
            selected={pattern: len(paths)
                      for pattern, paths in videos.selected.items()},
            kept_out=len(videos.kept_out),
            judged=len(videos.judged),
            prepared=videos.prepared,
            sizes=sizes_of(videos)),
        evaluations=[
            dict(part.source, queries=part.queries) for part in evaluations
        ],
        measures=[
            _measure(key, title, evaluations, jobs, records)
            for key, title in experiment.measures.items()
        ],
        # What was judged, and by metric which of it; empty if no test told
        # outcomes
        videos=names,
        positions={
            prefix: ' '.join(position[video] for video in metric['videos'])
            for prefix, metric in judged.items()
        },
        groups={
            prefix: groups_of(metric['videos'], experiment.get('groups'),
                              numbers)
            for prefix, metric in judged.items()
        },
        labels={
            prefix: ' '.join(map(str, metric['labels']))
            for prefix, metric in judged.items() if metric['labels']
        },
        pretraining=experiment.pretraining.to_dict(),
        repeats=experiment.get('repeats'),
        budgets=list(experiment.get('budgets', [])),
        methods=[
            dict(
                method.source,
                name=method.name,
                budget=method.budget,
                own_budget=has_own_budget(method.source),
                starts_from=_starts(method),
                encoder_passes=method.passes,
                epochs=method.epochs,
                samples=method.samples,
                passes=sum(
                    part.samples * cost(part.passes)
                    for part in _stages(method, methods)),
                runs=[
                    _run([
                        job for job in jobs
                        if (job.method, job.seed) == (method.title, seed)
                    ], records, judged) for seed in experiment.seeds
                ]) for method in methods
        ])


def sizes_of(videos: Videos) -> Dict[str, int]:
    """Bytes of the videos that pre-train and that are judged, by path."""
    paths = {*videos.pretrain, *videos.judged}.union(
        *videos.selected.values())
    return dict(sized(videos.folder, sorted(paths)))


def _starts(method: Method) -> List[str]:
    """Methods whose checkpoints another one starts from."""
    named = references(method.source.get('options', {}))
    return sorted(named - {DATA_ROOT})


def _stages(method: Method, methods: Sequence[Method]) -> List[Method]:
    """A method and all that were trained for it, with the same budget."""
    of_budget = {part.name: part for part in methods
                 if part.budget == method.budget}
    names = [method.name]
    for name in names:  # which grows
        names += [start for start in _starts(of_budget[name])
                  if start not in names]
    return [of_budget[name] for name in names]


def _judged(jobs: Sequence[Job],
            records: Dict[str, Record]) -> Dict[str, Outcomes]:
    """What each metric has found in the first run that could read most."""
    found: Dict[str, Outcomes] = {}
    for job in jobs:
        for prefix, metric in records[job.path].get('outcomes', {}).items():
            known = found.setdefault(f'{job.kind}/{prefix}', metric)
            if len(metric['videos']) > len(known['videos']):
                found[f'{job.kind}/{prefix}'] = metric
    return found


def _measure(key: str, title: str, evaluations: Sequence[Evaluation],
             jobs: Sequence[Job], records: Dict[str, Record]) -> Figures:
    parts = averaged(key)
    chances = [_chance(part, evaluations, jobs, records) for part in parts]
    return dict(
        key=key,
        title=title,
        queries=min(
            _evaluation_of(part, evaluations).queries for part in parts),
        chance=None if None in chances else mean(chances))


def _evaluation_of(figure: str,
                   evaluations: Sequence[Evaluation]) -> Evaluation:
    return next(part for part in evaluations
                if part.name == figure.partition('/')[0])


def _chance(figure: str, evaluations: Sequence[Evaluation],
            jobs: Sequence[Job], records: Dict[str, Record]
            ) -> Optional[float]:
    evaluation = _evaluation_of(figure, evaluations)
    # Metrics without labels report chance themselves.
    key = f'{figure.partition("/")[2].rpartition("/")[0]}/chance'
    told = [
        records[job.path]['figures'][key] for job in jobs
        if job.kind == evaluation.name
        and key in records[job.path].get('figures', {})
    ]
    return evaluation.chance.get(figure, told[0] if told else None)


def _run(jobs: Sequence[Job], records: Dict[str, Record],
         judged: Dict[str, Outcomes]) -> Figures:
    """What was found with one method and seed."""
    run: Figures = dict(
        seed=jobs[0].seed, run=osp.basename(jobs[0].path),
        tests={job.kind: osp.basename(job.path) for job in jobs[1:]},
        made=records[jobs[0].path].get('made'), tests_made={}, broken={},
        unreadable={},
        seconds={}, training={}, figures={}, outcomes={})  # yapf: disable
    for job in jobs:
        record = records[job.path]
        if _elsewhere(record.get('made'), run['made']):
            run['tests_made'][job.kind] = record['made']
        run['seconds'][job.kind] = record['seconds']
        run['unreadable'][job.kind] = record.get('unreadable', 0)
        if record['state'] != 'done':
            run['broken'][job.kind] = record['reason']
        elif job.kind == PRETRAIN:
            run['training'] = record['figures']
        else:
            run['figures'].update({
                f'{job.kind}/{key}': value
                for key, value in record['figures'].items()
            })
            run['outcomes'].update(_outcomes(job.kind, record, judged))
    return run


def _elsewhere(made: Optional[Figures], training: Optional[Figures]) -> bool:
    """Whether a test was made on another machine or with other versions."""
    return bool(made and training) and any(
        made[key] != training[key] for key in ('machine', 'versions'))


def _outcomes(kind: str, record: Record,
              judged: Dict[str, Outcomes]) -> Dict[str, str]:
    """The outcomes of a test, where it has judged the same as the others.

    One that could not read a video has judged less, and its measures have
    intervals over the seeds alone.
    """
    return {
        f'{kind}/{prefix}/{name}': text
        for prefix, metric in record.get('outcomes', {}).items()
        if metric['videos'] == judged[f'{kind}/{prefix}']['videos']
        for name, text in metric['figures'].items()
    }


def made_of(run: Figures, found: Figures,
            kind: Optional[str] = None) -> Figures:
    """Date, machine and versions of a run.

    Args:
        run (dict): Of a method.
        found (dict): The experiment. Its own are taken for runs of early
            versions, which do not say theirs.
        kind (str, optional): An evaluation, for its own. Defaults to None:
            those of the training.
    """
    made = run.get('tests_made', {}).get(kind) or run.get('made')
    return made or {
        key: found[key] for key in ('date', 'machine', 'versions')}


def title_of(method: Figures) -> str:
    """Name and budget of a method.

    Examples:
        >>> title_of(dict(name='BYOL', budget=500))
        'BYOL, 500 steps'
    """
    budget = method.get('budget')
    return f'{method["name"]}, {budget} steps' if budget else method['name']


def at_budget(found: Figures, budget: Optional[int]) -> Figures:
    """An experiment with the methods of one budget alone.

    Args:
        found (dict): An experiment.
        budget (int, optional): One of its budgets; None if it has none.

    Returns:
        dict: With the methods that are the same at every budget as well, and
        without those that nothing judges.
    """
    return dict(
        found,
        methods=[
            method for method in found['methods']
            if method.get('budget') in (None, budget)
            and method.get('judged', True)
        ])


def unknown_measures(found: Figures) -> List[str]:
    """Figures of measures that no run has, with those that it may have been.

    Args:
        found (dict): An experiment.

    Returns:
        list[str]: A sentence for each.
    """
    known = {figure for method in found['methods'] for run in method['runs']
             for figure in run['figures']}
    lines = []
    for measure in found['measures']:
        for figure in averaged(measure['key']):
            if known and figure not in known:
                near = get_close_matches(figure, sorted(known), n=3)
                lines.append(f'no run has the figure {figure}' +
                             f' (near it: {", ".join(near)})' * bool(near))
    return lines


def values(method: Figures, key: str) -> List[float]:
    """A measure of a method, of each seed that has all that it is of."""
    parts = averaged(key)
    return [
        mean(run['figures'][part] for part in parts)
        for run in method['runs'] if run['figures'].keys() >= set(parts)
    ]
