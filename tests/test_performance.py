"""The figures of docs/performance.md are those of the JSON files."""
import json
import os.path as osp
from statistics import median

import pytest

from .conftest import ROOT


def ratios(found):
    """A row per ratio: what, value, bar, whether it is met."""
    for item in found['ratios']:
        met = {True: 'yes', False: 'no', None: ''}[item['met']]
        yield (f'| {item["name"]} | {item["value"]:.3f} | {item["bar"]} | '
               f'{met} |')


def times(found, digits):
    """A row per variant: median, lowest and highest in milliseconds."""
    for name, seconds in found['seconds'].items():
        values = median(seconds), min(seconds), max(seconds)
        cells = ' | '.join(f'{1000 * value:.{digits}f}' for value in values)
        yield f'| {name} | {cells} |'


@pytest.mark.parametrize('name, digits', [('data', 1), ('step', 0),
                                          ('retrieval', 0), ('epoch', None)])
def test_every_figure_stands_in_the_document(name, digits):
    with open(osp.join(ROOT, 'benchmarks', f'{name}.json')) as file:
        found = json.load(file)
    with open(osp.join(ROOT, 'docs', 'performance.md')) as file:
        document = file.read()
    rows = list(ratios(found))
    if digits is not None:
        rows += times(found, digits)
    for row in rows:
        assert row in document, row
