"""A picture of an experiment."""
import math
from statistics import mean
from typing import Sequence

import matplotlib

matplotlib.use('Agg')

import matplotlib.pyplot as plt

from .results import Figures, values


def draw(name: str, found: Figures, path: str) -> None:
    """Per measure the seeds as dots, the mean as a bar, chance dashed.

    Args:
        name (str): The experiment's.
        found (dict): What it has found.
        path (str): Of the picture.
    """
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
