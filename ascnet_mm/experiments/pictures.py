"""The picture of an experiment."""
import math
from statistics import mean
from typing import Sequence, Tuple

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .intervals import Interval, estimate
from .results import Figures, at_budget, values


def draw(name: str, found: Figures, path: str) -> None:
    """Draw each measure, against the budgets if there are several.

    Args:
        name (str): The experiment's.
        found (dict): What it has found.
        path (str): Of the picture.
    """
    budgets = found.get('budgets') or [None]
    if len(budgets) > 1:
        figure = _curves(name, found)
    else:
        figure = _dots(name, at_budget(found, budgets[0]))
    figure.savefig(path, dpi=110)


def _dots(name: str, found: Figures) -> Figure:
    """Per measure the seeds as dots, the mean as a bar, chance dashed."""
    methods, measures = found['methods'], found['measures']
    columns, rows = _shape(len(measures))
    figure = Figure(
        figsize=(1.5 + 2.8 * columns, rows * (1.1 + 0.32 * len(methods)) + 1),
        layout='constrained')
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axis, measure in zip(axes.flat, measures):
        _draw_measure(axis, measure, methods)
        if found.get('groups'):
            _draw_intervals(axis, measure, found)
    for axis in axes.flat[len(measures):]:
        axis.set_visible(False)
    axes[0, 0].set_yticks(
        range(len(methods)), [method['name'] for method in methods])
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    line = ', line: 95 % interval' if found.get('groups') else ''
    figure.suptitle(f'{name}: a dot per seed, bar: mean{line}'
                    f'{_chance_is("dashed", measures)}')
    return figure


def _chance_is(style: str, measures: Sequence[Figures]) -> str:
    known = any(measure['chance'] is not None for measure in measures)
    return f', {style}: chance' * known


def _shape(count: int) -> Tuple[int, int]:
    """Columns and rows for so many panels."""
    columns = math.ceil(count**0.5)
    return columns, -(-count // columns)


def _draw_measure(axis: Axes, measure: Figures,
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


def _draw_intervals(axis: Axes, measure: Figures, found: Figures) -> None:
    for place, method in enumerate(found['methods']):
        span = estimate(found, method, measure['key'])
        if span is not None:
            axis.plot([span.low, span.high], [place] * 2, color='black', lw=1)


def _with_interval(found: Figures, method: Figures, key: str) -> Interval:
    """A measure, between itself and itself where nothing else is known."""
    value = mean(values(method, key))
    return estimate(found, method, key) or Interval(value, value, value)


def _curves(name: str, found: Figures) -> Figure:
    """Per measure a line per method, with intervals, against the steps.

    A method that is the same at every budget is a level line.
    """
    measures = found['measures']
    columns, rows = _shape(len(measures))
    figure = Figure(
        figsize=(1 + 3.4 * columns, 1.5 + 2.6 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis, measure in zip(axes.flat, measures):
        _draw_curves(axis, measure, found)
    for axis in axes.flat[len(measures):]:
        axis.set_visible(False)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc='outside lower center',
        ncols=4)
    figure.suptitle(f'{name}: against the steps, with 95 % intervals'
                    f'{_chance_is("dotted", measures)}')
    return figure


def _draw_curves(axis: Axes, measure: Figures, found: Figures) -> None:
    budgets, key = found['budgets'], measure['key']
    names = list(dict.fromkeys(
        method['name'] for method in found['methods']))
    for place, name in enumerate(names):
        color = colormaps['tab10'](place % 10)
        for method in found['methods']:
            if method['name'] == name and method['budget'] is None:
                level = values(method, key)
                if level:
                    axis.axhline(
                        mean(level), color=color, ls='--', label=name)
        known = [(method['budget'], _with_interval(found, method, key))
                 for method in found['methods']
                 if method['name'] == name and method['budget']
                 and values(method, key)]
        if known:
            # Side by side, so that none hides another.
            x = [budget * 1.03**(place - len(names) / 2)
                 for budget, _ in known]
            y = [span.value for _, span in known]
            axis.errorbar(
                x,
                y, [[span.value - span.low for _, span in known],
                    [span.high - span.value for _, span in known]],
                color=color,
                marker='o',
                ms=4,
                capsize=2,
                label=name)
    if measure['chance'] is not None:
        axis.axhline(measure['chance'], color='0.5', ls=':')
    axis.set_xscale('log')
    axis.set_xticks(budgets, [str(budget) for budget in budgets])
    axis.minorticks_off()
    axis.set_title(measure['title'], fontsize=10)
    axis.grid(color='0.9')
    axis.set_axisbelow(True)
