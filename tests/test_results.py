"""docs/results.md is what the JSON files give, and nothing else."""
import os.path as osp
from glob import glob

import pytest
from compare import read_figures
from comparing.report import page

from .conftest import ROOT

BENCHMARKS = osp.join(ROOT, 'benchmarks')
DOCUMENT = osp.join(ROOT, 'docs', 'results.md')


@pytest.mark.skipif(
    not glob(osp.join(BENCHMARKS, 'compare_*.json')),
    reason='no experiment has been done')
def test_the_page_is_that_of_the_figures():
    with open(DOCUMENT) as file:
        assert file.read() == page(read_figures(BENCHMARKS))


def test_there_is_no_page_without_figures():
    assert bool(glob(osp.join(BENCHMARKS, 'compare_*.json'))) == osp.isfile(
        DOCUMENT)
