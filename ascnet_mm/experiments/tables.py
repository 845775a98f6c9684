"""What experiments have found, as Markdown tables and lists."""
from statistics import mean, stdev
from typing import List, NamedTuple, Optional, Sequence

from .intervals import (
    Interval,
    change,
    difference,
    estimate,
    standard_error,
    told_apart,
)
from .results import Figures, title_of, values
from .source import PRETRAIN


def table(found: Figures) -> str:
    """Markdown: a row per method, and of each measure what is open.

    Where the file has outcomes, the interval of :func:`estimate`; in older
    ones the standard deviation, and the standard error in the last row.
    """
    measures, seeds = found['measures'], len(found['methods'][0]['runs'])
    rows = [['method', 'seeds'] + [measure['title'] for measure in measures]]
    for method in found['methods']:
        done = sum(not run['broken'] for run in method['runs'])
        rows.append([method['name'], f'{done} of {seeds}'] + [
            _figure(found, method, measure['key']) for measure in measures
        ])
    chances = [measure['chance'] for measure in measures]
    if any(chance is not None for chance in chances):
        rows.append(['chance', ''] + [
            '' if chance is None else f'{chance:.1f}' for chance in chances
        ])
    if not found.get('groups'):
        rows.append(['standard error, up to', ''] +
                    [_largest_error(found, measure) for measure in measures])
    return _markdown(rows)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text."""
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join([lines[0], '|---' + '|---:' * (len(rows[0]) - 1) + '|'] +
                     lines[1:])


def _figure(found: Figures, method: Figures, key: str) -> str:
    if not found.get('groups'):
        return _cell(values(method, key))
    span = estimate(found, method, key)
    if span is None:
        found = values(method, key)
        return _cell([mean(found)] if found else [])
    return f'{span.value:.1f} [{span.low:.1f}, {span.high:.1f}]'


def differences(found: Figures, number: int) -> str:
    """Markdown: how far the methods are above one among them.

    Args:
        found (dict): An experiment with outcomes.
        number (int): Of the one.

    Returns:
        str: A row per other method. In bold where the interval does not hold
        0; '' if there is no other.
    """
    one = found['methods'][number]
    rows = [['method'] + [measure['title'] for measure in found['measures']]]
    for method in found['methods']:
        if method is not one:
            spans = (change(found, one, method, measure['key'])
                     for measure in found['measures'])
            rows.append([method['name'], *map(_signed, spans)])
    return _markdown(rows) if len(rows) > 1 else ''


def _signed(span: Optional[Interval]) -> str:
    if span is None:
        return ''
    text = f'{span.value:+.1f} [{span.low:+.1f}, {span.high:+.1f}]'
    return text if span.holds_zero else f'**{text}**'


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


def told_apart_lists(found: Figures) -> List[str]:
    """Markdown: which methods can be distinguished from the first two.

    Returns:
        list[str]: A part for each of the two that has an interval in any
        measure.
    """
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
            parts.append('\n'.join([f'Distinguishable from **{name}** by', '',
                                    *lines]))
    return parts


class Repetition(NamedTuple):
    """Means of the methods that two experiments have, over other seeds.

    Attributes:
        table (str): Markdown: a row per method and measure.
        count (int): How many rows.
        held (int): In how many the interval of the difference includes 0.
    """
    table: str
    count: int
    held: int


def repetition(first: Figures, second: Figures) -> Repetition:
    """Compare an experiment with one that repeats it.

    Args:
        first (dict): What was found first.
        second (dict): What was found with other seeds.
    """
    seeds = [
        ', '.join(str(run['seed']) for run in found['methods'][0]['runs'])
        for found in (first, second)
    ]
    rows = [f'| method | measure | seeds {seeds[0]} | seeds {seeds[1]} | '
            'difference of the means |', '|---|---|---:|---:|---:|']
    held = count = 0
    named = {title_of(method): method for method in first['methods']}
    for method in second['methods']:
        for measure in second['measures']:
            pair = [
                values(part, measure['key'])
                for part in (named[title_of(method)], method)
            ]
            if min(map(len, pair)) > 1:
                change, half = difference(*pair)
                held += abs(change) <= half
                count += 1
                rows.append(f'| {title_of(method)} | {measure["title"]} | '
                            f'{_cell(pair[0])} | {_cell(pair[1])} | '
                            f'{change:+.1f} ± {half:.1f} |')
    return Repetition('\n'.join(rows), count, held)


def last_losses(found: Figures) -> str:
    """Markdown: the losses and the rank that each training logged last."""
    lines = []
    for method in found['methods'][1:]:
        runs = [run['training'] for run in method['runs'] if run['training']]
        parts = [
            f'{key} ' + ' / '.join(f'{run[key]:.2f}' for run in runs)
            for key in (runs[0] if runs else [])
            if key.startswith('loss_') or key == 'effective_rank'
        ]
        if parts:
            lines.append(f'- {title_of(method)}: {", ".join(parts)}')
    return '\n'.join(lines)


def methods_table(found: Figures) -> str:
    """Markdown: what each method was, did and took."""
    rows = ['| method | config | options beside the common ones | epochs | '
            'samples | forward, backward passes of a sample | passes in all | '
            'minutes a run |', '|---|---|---|---:|---:|---|---:|---|']
    for method in found['methods'][1:]:
        set_to = {**method.get('options', {}), **method.get('encoder', {})}
        options = ' '.join(f'`{k}={v}`' for k, v in set_to.items())
        passes = method['encoder_passes']
        rows.append(
            f'| {title_of(method)} | {method["config"]} | {options} | '
            f'{method["epochs"]} | {method["samples"]} | '
            f'{passes["forward"]}, {passes["backward"]} | '
            f'{method["passes"]} | '
            f'{_minutes(method)} |')
    return '\n'.join(rows)


def _minutes(method: Figures) -> str:
    if not method['epochs']:
        return ''
    seconds: List[Optional[float]] = [
        run['seconds'].get(PRETRAIN) for run in method['runs']
    ]
    return ' / '.join('?' if s is None else f'{s / 60:.1f}' for s in seconds)
