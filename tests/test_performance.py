"""The figures of docs/performance.md are those of the JSON files."""
import json
import os.path as osp

import pytest

from .conftest import ROOT


def rows(name):
    """A row per ratio: what, value, bar, whether it is met."""
    with open(osp.join(ROOT, 'benchmarks', f'{name}.json')) as file:
        found = json.load(file)
    for item in found['ratios']:
        met = {True: 'yes', False: 'no', None: ''}[item['met']]
        yield (f'| {item["name"]} | {item["value"]:.3f} | {item["bar"]} | '
               f'{met} |')


@pytest.mark.parametrize('name', ['data', 'step', 'retrieval'])
def test_every_ratio_stands_in_the_document(name):
    with open(osp.join(ROOT, 'docs', 'performance.md')) as file:
        document = file.read()
    for row in rows(name):
        assert row in document, row
