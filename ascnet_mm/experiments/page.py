"""The page of all experiments, ``docs/results.md``."""
from string import Template
from typing import Any, Dict, Iterable

from .results import Figures
from .source import UNTRAINED
from .tables import (
    last_losses,
    methods_table,
    repetition,
    table,
    told_apart_lists,
)

# Paragraphs are wrapped here and lines of their own on the page; those in
# which nothing is left are not on it (fill).
TOP = '''
# Results

Written by `python tools/compare.py report` from `benchmarks/compare_*.json`,
which hold every figure of every run; not by hand. How each figure is taken:
[protocols.md](protocols.md).
'''
EXPERIMENT = '''
## $name

$question

![$name](compare_$name.png)

$table

$notes

Mean ± standard deviation over the seeds. The last row is what the number of
judged videos leaves open in a single figure, sqrt(p (1 - p) / n): $queries.
Videos of one recording are not independent, which makes the true error
larger; that a video is judged by several clips or measures makes it smaller.

$told_apart

**Budget.** All methods saw about as many encoder passes as $reference in
$epochs epochs, a pass with gradient counted as one forward and two more
(ours), whatever the size of its clip; the epochs are rounded to whole ones.
Samples are the videos drawn.

$methods

?: was stopped and went on. Common options: $common

What a run logged last, seed by seed, in its training:

$last_losses

**Data.** $pretrain videos pre-train without labels. $kept_out others are kept
out, and these alone are judged: as queries, and by the metrics without labels
(same video, speed probe). Galleries may hold videos that pre-train.$prepared

**What it shows:** how these methods compare at this budget, on these videos,
with these settings. What a method has learned is what it adds to
`$untrained`, the same encoder with random weights. **What it does not show:**
what the methods reach with the encoders, videos and epochs of their papers;
how figures vary with the choice of videos and settings, since a seed changes
only the network and the clips.

$unreadable

$broken

Collected $date; $machine; $versions. Made by

    $command

$repetition
'''
TOLD_APART = '''
Two methods are told apart where the 95 % intervals of their means over the
seeds (Student's t) do not overlap. A strict rule: others need not be equal.
It tells of seeds alone, not of other videos.

$lists
'''
UNREADABLE = '''
**Unreadable videos:** up to $most in a run; a query among them counts as a
miss, and the metrics without labels leave them out.
'''
BROKEN = '''
**Broken runs**, whose figures are in no mean:

$runs
'''
REPETITION = '''
$table

**The same with other seeds.** After the difference: half of its 95 % interval
(Student's t). It holds 0 for $held of $count; 95 % of them should, were
nothing but the seeds different (the measures of a method are not
independent).
'''


def fill(template: str, **values: Any) -> str:
    """Put values into a template's paragraphs and each on one line.

    Args:
        template (str): Paragraphs, wrapped anywhere between words.
        **values: For its ``$NAME``; lines of values stay lines.

    Examples:
        >>> fill('''
        ... A list
        ... of $count:
        ...
        ... $nothing
        ...
        ... $items
        ... ''', count=2, nothing='', items='- a\\n- b')
        'A list of 2:\\n\\n- a\\n- b'
    """
    paragraphs = (
        Template(' '.join(paragraph.split('\n'))).substitute(values)
        for paragraph in template.strip().split('\n\n'))
    return '\n\n'.join(filter(None, paragraphs))


def page(experiments: Dict[str, Figures]) -> str:
    """docs/results.md.

    Args:
        experiments (dict): Contents of ``benchmarks/compare_NAME.json`` by
            NAME.
    """
    sections = [
        _section(name, found, experiments)
        for name, found in sorted(experiments.items())
    ]
    return '\n\n'.join([fill(TOP), *sections]) + '\n'


def _section(name: str, found: Figures,
             experiments: Dict[str, Figures]) -> str:
    reference, data = found['methods'][1], found['data']
    return fill(
        EXPERIMENT,
        name=name,
        question=found['question'],
        table=table(found),
        notes=found['notes'] or '',
        queries=', '.join(f'{part["name"]} n = {part["queries"]}'
                          for part in found['evaluations']),
        told_apart=_told_apart(found),
        reference=reference['name'],
        epochs=reference['epochs'],
        methods=methods_table(found),
        common=' '.join(
            f'`{key}={value}`' for key, value in found['pretraining'].items()),
        last_losses=last_losses(found),
        pretrain=data['pretrain'],
        kept_out=data['kept_out'],
        prepared=_prepared(data['prepared']),
        untrained=UNTRAINED,
        unreadable=_unreadable(found),
        broken=_broken(found),
        date=found['date'],
        machine=_listed(found['machine']),
        versions=_listed(found['versions']),
        command=found['command'],
        repetition=_repetition(found, experiments))


def _told_apart(found: Figures) -> str:
    lists = told_apart_lists(found)
    return fill(TOLD_APART, lists='\n\n'.join(lists)) if lists else ''


def _prepared(options: Dict[str, Any]) -> str:
    if not options:
        return ''
    told = ', '.join(f'{key.replace("_", " ")} {value}'
                     for key, value in options.items() if value is not None)
    return f' All are copies made by `tools/data/transcode.py`: {told}.'


def _unreadable(found: Figures) -> str:
    counts: Iterable[int] = (
        count for method in found['methods'] for run in method['runs']
        for count in run['unreadable'].values())
    most = max(counts, default=0)
    return fill(UNREADABLE, most=most) if most else ''


def _broken(found: Figures) -> str:
    runs = [
        f'- {method["name"]}, seed {run["seed"]}, {kind}: {why}'
        for method in found['methods'] for run in method['runs']
        for kind, why in run['broken'].items()
    ]
    return fill(BROKEN, runs='\n'.join(runs)) if runs else ''


def _repetition(found: Figures, experiments: Dict[str, Figures]) -> str:
    if not found['repeats']:
        return ''
    again = repetition(experiments[found['repeats']], found)
    return fill(REPETITION, **again._asdict())


def _listed(values: Dict[str, Any]) -> str:
    return ', '.join(f'{key} {value}' for key, value in values.items()
                     if value)
