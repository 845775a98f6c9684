"""Two ranks against one process.

Of the shipped config with GroupNorm instead of BatchNorm, in double
precision: 51 videos dealt as 52, the last batch incomplete, gradients
accumulated over two iterations, SyncBuffersHook on. Four ranks, started by
tools/dist_train.sh: tests/slow.
"""
import json
import os.path as osp

import pytest

from ascnet_mm.benchmarking.processes import differences, identical, train

from ..conftest import ROOT
from ..helpers.processes import run_ranks


@pytest.fixture(scope='module')
def one_and_two(videos):
    one, = train(f'{videos}/videos', 1)
    return one, train(f'{videos}/videos', 2, launch=run_ranks)


def test_two_ranks_end_as_one_process(one_and_two):
    """Logged losses, metrics, weights and banks."""
    one, two = one_and_two
    found = differences(one, two[0])
    assert set(found) == {'losses', 'gauges', 'weights', 'banks'}
    assert max(found.values()) < 1e-12, found
    assert len(one['losses']['train/loss_scp']) == 14
    # Three of eight samples found a target: not as many on each rank.
    assert one['losses']['train/scp_target_share'][1] == 3 / 8
    assert len(one['gauges']['val/same_video/top1']) == 3


def test_the_ranks_hold_the_same_bit_for_bit(one_and_two):
    _, two = one_and_two
    assert two[0]['banks'].keys() == two[1]['banks'].keys()
    assert len(two[0]['banks']) == 16
    assert identical(two, 'banks')
    assert identical(two, 'weights')
    assert identical(two, 'losses')


def test_the_figures_stand_in_the_document():
    with open(osp.join(ROOT, 'docs', 'reliability.md')) as file:
        document = file.read()
    with open(osp.join(ROOT, 'benchmarks',
                       'reliability_processes.json')) as file:
        rows = json.load(file)['rows']
    assert len(rows) == 4
    for row in rows:
        found = row['largest_difference']
        cells = [f'{found[part]:.1e}'
                 for part in ('losses', 'gauges', 'weights', 'banks')]
        identical = 'yes' if row['banks_identical'] else 'no'
        assert ' | '.join([
            f'| {row["ranks"]}', row['dtype'], *cells, f'{identical} |'
        ]) in document
