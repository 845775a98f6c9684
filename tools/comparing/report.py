"""From the records of an experiment to figures, and from these to a page."""
import math
import os
from statistics import mean, stdev
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import matplotlib

matplotlib.use('Agg')

import matplotlib.pyplot as plt
from mmengine.config import Config
from scipy import stats

from .jobs import Job, Record
from .plan import (
    PRETRAIN,
    UNTRAINED,
    Evaluation,
    Method,
    Videos,
    averaged,
    cost,
)

Figures = Dict[str, Any]


# ------------------------------------------------------------- to figures


def collect(experiment: Config, videos: Videos, methods: Sequence[Method],
            evaluations: Sequence[Evaluation], jobs: Sequence[Job],
            records: Dict[str, Record]) -> Figures:
    """All that an experiment has found, as it is written to its JSON file."""
    return dict(
        question=experiment.question,
        notes=experiment.get('notes'),
        data=dict(
            pretrain=len(videos.pretrain),
            kept_out=len(videos.kept_out),
            prepared=videos.prepared),
        evaluations=[
            dict(part.source, queries=part.queries) for part in evaluations
        ],
        measures=[
            _measure(key, title, evaluations, jobs, records)
            for key, title in experiment.measures.items()
        ],
        pretraining=experiment.pretraining.to_dict(),
        repeats=experiment.get('repeats'),
        methods=[
            dict(
                method.source,
                name=method.name,
                encoder_passes=method.passes,
                epochs=method.epochs,
                samples=method.samples,
                passes=method.samples * cost(method.passes),
                runs=[
                    _run([
                        job for job in jobs
                        if (job.method, job.seed) == (method.name, seed)
                    ], records) for seed in experiment.seeds
                ]) for method in methods
        ])


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
    # The gauges say themselves what chance would give.
    key = f'{figure.partition("/")[2].rpartition("/")[0]}/chance'
    told = [
        records[job.path]['figures'][key] for job in jobs
        if job.kind == evaluation.name
        and key in records[job.path].get('figures', {})
    ]
    return evaluation.chance.get(figure, told[0] if told else None)


def _run(jobs: Sequence[Job], records: Dict[str, Record]) -> Figures:
    """What was found with one method and seed."""
    run: Figures = dict(
        seed=jobs[0].seed, run=os.path.basename(jobs[0].path), broken={},
        unreadable={}, seconds={}, training={}, figures={})  # yapf: disable
    for job in jobs:
        record = records[job.path]
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
    return run


def values(method: Figures, key: str) -> List[float]:
    """A measure of a method, of each seed that has all that it is of."""
    parts = averaged(key)
    return [
        mean(run['figures'][part] for part in parts)
        for run in method['runs'] if run['figures'].keys() >= set(parts)
    ]


def standard_error(percent: float, queries: int) -> float:
    """Of a share of independent queries, in points: sqrt(p (1 - p) / n)."""
    share = percent / 100
    return 100 * (share * (1 - share) / queries)**0.5


def interval(found: Sequence[float]) -> Tuple[float, float]:
    """Where a mean lies with 95 %, by the spread of values that differ."""
    return stats.t.interval(
        0.95, len(found) - 1, mean(found), stats.sem(found))


def difference(first: Sequence[float],
               second: Sequence[float]) -> Tuple[float, float]:
    """Of two means, the second less the first, and its 95 % by the spreads.

    Args:
        first (list[float]): Two or more values.
        second (list[float]): Two or more, of the same variance.

    Returns:
        tuple[float, float]: The difference, and half the width of its
        interval (Student's t for two samples).
    """
    # Not scipy's ttest_ind, which gives NaN where all values are equal.
    freedom = len(first) + len(second) - 2
    variance = sum((len(part) - 1) * stdev(part)**2
                   for part in (first, second)) / freedom
    error = (variance * (1 / len(first) + 1 / len(second)))**0.5
    return (mean(second) - mean(first),
            stats.t.ppf(0.975, freedom) * error)


def told_apart(found: Figures, key: str,
               reference: int) -> Optional[Tuple[List[str], List[str]]]:
    """Methods whose interval does not overlap that of one among them.

    Values of a method that are all equal, which few queries make likely, say
    nothing of their spread: such a method has no interval.

    Args:
        found (dict): An experiment.
        key (str): Of a measure.
        reference (int): The number of the one.

    Returns:
        tuple[list[str], list[str]], optional: Those above it and those below
        it; None if it, or all others, have no interval.
    """
    intervals = {
        method['name']: interval(values(method, key))
        for method in found['methods'] if len(set(values(method, key))) > 1
    }
    name = found['methods'][reference]['name']
    if name not in intervals or len(intervals) < 2:
        return None
    low, high = intervals[name]
    return ([other for other, span in intervals.items() if span[0] > high],
            [other for other, span in intervals.items() if span[1] < low])


# ----------------------------------------------------------------- a page


def table(found: Figures) -> str:
    """Markdown: a row per method, mean and spread of each measure."""
    measures, seeds = found['measures'], len(found['methods'][0]['runs'])
    rows = [['method', 'seeds'] + [measure['title'] for measure in measures]]
    for method in found['methods']:
        done = sum(not run['broken'] for run in method['runs'])
        rows.append([method['name'], f'{done} of {seeds}'] + [
            _cell(values(method, measure['key'])) for measure in measures
        ])
    rows.append(['chance', ''] + [
        '' if m['chance'] is None else f'{m["chance"]:.1f}' for m in measures
    ])
    rows.append(['standard error, up to', ''] +
                [_largest_error(found, measure) for measure in measures])
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join([lines[0], '|---' + '|---:' * (len(rows[0]) - 1) + '|'] +
                     lines[1:])


def _cell(found: Sequence[float]) -> str:
    if len(found) < 2:
        return ''.join(f'{value:.1f}' for value in found)
    return f'{mean(found):.1f} ± {stdev(found):.1f}'


def _largest_error(found: Figures, measure: Figures) -> str:
    if '%' not in measure['title']:
        return ''
    errors = [
        standard_error(value, measure['queries'])
        for method in found['methods']
        for value in values(method, measure['key'])
    ]
    return f'{max(errors):.1f}' if errors else ''


def page(experiments: Dict[str, Figures]) -> str:
    """docs/results.md.

    Args:
        experiments (dict): Contents of ``benchmarks/compare_NAME.json`` by
            NAME.
    """
    parts = [
        '# Results', 'Written by `python tools/compare.py report` from '
        '`benchmarks/compare_*.json`, which hold every figure of every run; '
        'not by hand. How each figure is taken: [protocols.md](protocols.md).'
    ]
    for name, found in sorted(experiments.items()):
        parts += _section(name, found)
        if found['repeats']:
            parts.append(_repeated(experiments[found['repeats']], found))
    return '\n\n'.join(parts) + '\n'


def _section(name: str, found: Figures) -> Iterator[str]:
    reference = found['methods'][1]
    data = found['data']
    yield f'## {name}'
    yield found['question']
    yield f'![{name}](compare_{name}.png)'
    yield table(found)
    if found['notes']:
        yield found['notes']
    yield ('Mean ± standard deviation over the seeds. The last row is what '
           'the number of judged videos leaves open in a single figure, '
           'sqrt(p (1 - p) / n): ' + ', '.join(
               f'{part["name"]} n = {part["queries"]}'
               for part in found['evaluations']) + '. Videos of one recording '
           'are not independent, which makes the true error larger; that a '
           'video is judged by several clips or measures makes it smaller.')
    yield from _comparisons(found)
    yield (f'**Budget.** All methods saw about as many encoder passes as '
           f'{reference["name"]} in {reference["epochs"]} epochs, a pass with '
           'gradient counted as one forward and two more (ours), whatever '
           'the size of its clip; the epochs are rounded to whole ones. '
           'Samples are the videos drawn.')
    yield _methods(found)
    yield _last_losses(found)
    yield (f'**Data.** {data["pretrain"]} videos pre-train without labels. '
           f'{data["kept_out"]} others are kept out, and these alone are '
           'judged: as queries, and by the gauges (same video, speed probe). '
           'Galleries may hold videos that pre-train.' +
           _prepared(data['prepared']))
    yield ('**What it shows:** how these methods compare at this budget, on '
           'these videos, with these settings. What a method has learned is '
           f'what it adds to `{UNTRAINED}`, the same encoder with random '
           'weights. **What it '
           'does not show:** what the methods reach with the encoders, '
           'videos and epochs of their papers; the spread over choices of '
           'videos and of settings, for a seed changes the network and the '
           'clips alone.')
    counts = {count for method in found['methods'] for run in method['runs']
              for count in run['unreadable'].values() if count}
    if counts:
        yield (f'**Unreadable videos:** up to {max(counts)} in a run; a query '
               'among them counts as a miss, and the gauges leave them out.')
    broken = [
        f'- {method["name"]}, seed {run["seed"]}, {kind}: {why}'
        for method in found['methods'] for run in method['runs']
        for kind, why in run['broken'].items()
    ]
    if broken:
        yield '\n'.join(
            ['**Broken runs**, whose figures are in no mean:', ''] + broken)
    machine = ', '.join(f'{k} {v}' for k, v in found['machine'].items() if v)
    versions = ', '.join(f'{k} {v}' for k, v in found['versions'].items()
                         if v)
    yield (f'Collected {found["date"]}; {machine}; {versions}. Made by\n\n'
           f'    {found["command"]}')


def _prepared(options: Dict[str, Any]) -> str:
    if not options:
        return ''
    told = ', '.join(f'{key.replace("_", " ")} {value}'
                     for key, value in options.items() if value is not None)
    return f' All are copies made by `tools/data/transcode.py`: {told}.'


def _comparisons(found: Figures) -> Iterator[str]:
    parts = []
    for number in (1, 0):
        lines = []
        for measure in found['measures']:
            apart = told_apart(found, measure['key'], number)
            if apart is not None:
                sides = [f'{word} it {", ".join(names)}' for word, names in
                         zip(('above', 'below'), apart) if names]
                lines.append(f'- {measure["title"]}: '
                             f'{"; ".join(sides) or "none"}')
        if lines:
            name = found['methods'][number]['name']
            parts.append('\n'.join([f'Told apart from **{name}** by', '',
                                    *lines]))
    if parts:
        yield ("Two methods are told apart where the 95 % intervals of their "
               "means over the seeds (Student's t) do not overlap. A strict "
               'rule: others need not be equal. It tells of seeds alone, not '
               'of other videos.')
        yield from parts


def _repeated(first: Figures, second: Figures) -> str:
    """Means of the methods that both experiments have, over other seeds."""
    seeds = [
        ', '.join(str(run['seed']) for run in found['methods'][0]['runs'])
        for found in (first, second)
    ]
    rows = [f'| method | measure | seeds {seeds[0]} | seeds {seeds[1]} | '
            'difference of the means |', '|---|---|---:|---:|---:|']
    held = count = 0
    named = {method['name']: method for method in first['methods']}
    for method in second['methods']:
        for measure in second['measures']:
            pair = [
                values(part, measure['key'])
                for part in (named[method['name']], method)
            ]
            if min(map(len, pair)) > 1:
                change, half = difference(*pair)
                held += abs(change) <= half
                count += 1
                rows.append(f'| {method["name"]} | {measure["title"]} | '
                            f'{_cell(pair[0])} | {_cell(pair[1])} | '
                            f'{change:+.1f} ± {half:.1f} |')
    return '\n'.join(rows) + (
        '\n\n**The same with other seeds.** After the difference: half of its '
        "95 % interval (Student's t). It holds 0 for "
        f'{held} of {count}; 95 % of them should, were nothing but the seeds '
        'different (the measures of a method are not independent).')


def _last_losses(found: Figures) -> str:
    lines = ['What a run logged last, seed by seed, in its training:', '']
    for method in found['methods'][1:]:
        runs = [run['training'] for run in method['runs'] if run['training']]
        parts = [
            f'{key} ' + ' / '.join(f'{run[key]:.2f}' for run in runs)
            for key in (runs[0] if runs else [])
            if key.startswith('loss_') or key == 'effective_rank'
        ]
        if parts:
            lines.append(f'- {method["name"]}: {", ".join(parts)}')
    return '\n'.join(lines)


def _methods(found: Figures) -> str:
    rows = ['| method | config | options beside the common ones | epochs | '
            'samples | forward, backward passes of a sample | passes in all | '
            'minutes a run |', '|---|---|---|---:|---:|---|---:|---|']
    for method in found['methods'][1:]:
        options = ' '.join(
            f'`{k}={v}`' for k, v in method.get('options', {}).items())
        passes = method['encoder_passes']
        rows.append(
            f'| {method["name"]} | {method["config"]} | {options} | '
            f'{method["epochs"]} | {method["samples"]} | '
            f'{passes["forward"]}, {passes["backward"]} | '
            f'{method["passes"]} | '
            f'{_minutes(method)} |')
    common = ' '.join(f'`{k}={v}`' for k, v in found['pretraining'].items())
    return '\n'.join(rows) + (
        f'\n\n?: was stopped and went on. Common options: {common}')


def _minutes(method: Figures) -> str:
    seconds: List[Optional[float]] = [
        run['seconds'].get(PRETRAIN) for run in method['runs']
    ]
    return ' / '.join('?' if s is None else f'{s / 60:.1f}' for s in seconds)


# -------------------------------------------------------------- a picture


def draw(name: str, found: Figures, path: str) -> None:
    """Per measure the seeds as dots, the mean as a bar, chance dashed."""
    methods, measures = found['methods'], found['measures']
    columns = math.ceil(len(measures)**0.5)
    rows = -(-len(measures) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(1.5 + 2.8 * columns, rows * (1.1 + 0.32 * len(methods)) + 1),
        sharey=True,
        squeeze=False,
        layout='constrained')
    for axis, measure in zip(axes.flat, measures):
        _draw_measure(axis, measure, methods)
    for axis in axes.flat[len(measures):]:
        axis.set_visible(False)
    axes[0, 0].set_yticks(
        range(len(methods)), [method['name'] for method in methods])
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    figure.suptitle(f'{name}: a dot per seed, bar: mean, dashed: chance')
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_measure(axis: plt.Axes, measure: Figures,
                  methods: Sequence[Figures]) -> None:
    for place, method in enumerate(methods):
        found = values(method, measure['key'])
        if found:
            axis.plot(
                found, [place] * len(found), 'o', color='#0072B2', alpha=0.7)
            axis.plot([mean(found)] * 2, [place - 0.3, place + 0.3],
                      color='black', lw=2)
    if measure['chance'] is not None:
        axis.axvline(measure['chance'], color='0.5', ls='--')
    axis.set_title(measure['title'], fontsize=10)
    axis.grid(axis='x', color='0.9')
    axis.set_axisbelow(True)
