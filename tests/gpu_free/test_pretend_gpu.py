"""The pretend GPU sees what a GPU would wait for, launch and hold."""
import os.path as osp

import pytest

from ascnet_mm.benchmarking.pretend_gpu import device

from ..helpers.processes import ROOT
from .processes import faults

FAULTS = osp.join('tests', 'gpu_free', 'faults.py')
MEBI = 2**20


@pytest.fixture(scope='module')
def found():
    return faults()


def test_each_wait_is_named_by_its_line(found):
    """The lines marked so in the file; the last function has none."""
    with open(osp.join(ROOT, FAULTS)) as file:
        lines = file.read().splitlines()
    expected, function = {}, None
    for number, line in enumerate(lines, 1):
        if line.startswith('def '):
            function = line[len('def '):line.index('(')]
        if line.endswith('# noted'):
            expected[function] = [f'{FAULTS}:{number}']
    assert len(expected) == 16
    assert found['noted'] == {**expected, 'nothing_to_wait_for': []}


def called_in(path, function):
    """What a function returns that is called by the first line of a file."""
    scope = dict(function=function)
    exec(compile('found = function()', path, 'exec'), scope)
    return scope['found']


def test_the_lines_that_measure_are_not_named():
    found = called_in(
        osp.join(device.PACKAGE, 'models', 'heads.py'),
        lambda: called_in(osp.join(device.HARNESS, 'training.py'),
                          lambda: device._line_of(device.PACKAGE)))
    assert found == 'ascnet_mm/models/heads.py:1'


def test_tensors_of_two_devices_are_refused(found):
    assert 'two devices, cuda:0 and cpu' in found['mixed_devices']


def test_views_and_empty_memory_are_no_launches(found):
    assert found['launched'] == dict(ones=1, add=1, mul_=1)


def test_memory_counts_what_the_backward_pass_needs(found):
    """Five results of 1 MiB and a sum, and one gradient more at the least."""
    held = found['held']
    assert held['inside'] == 5 * MEBI + 512
    assert held['peak'] >= held['inside'] + MEBI
    assert held['after'] == 0
