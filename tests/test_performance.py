"""The figures of docs/performance.md are those of the JSON files."""
import json
import os.path as osp
from statistics import median

import pytest

from .conftest import ROOT

HEADS = ('| ratio |', '| variant |', '|---')


@pytest.fixture(scope='module')
def document():
    with open(osp.join(ROOT, 'docs', 'performance.md')) as file:
        return file.read()


def figures(name):
    with open(osp.join(ROOT, 'benchmarks', f'{name}.json')) as file:
        return json.load(file)


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


def test_the_tables_are_those_of_the_figures(document):
    expected = []
    for name, digits in (('data', 2), ('step', 0), ('colors', 0),
                         ('retrieval', 0)):
        expected += [*times(figures(name), digits), *ratios(figures(name))]
    expected += ratios(figures('epoch'))
    assert [
        line for line in document.splitlines()
        if line.startswith('|') and not line.startswith(HEADS)
    ] == expected


def test_the_sentences_are_those_of_the_figures(document):
    text = ' '.join(document.split())
    data, step, search, large, epoch = map(
        figures, ('data', 'step', 'retrieval', 'large/retrieval', 'epoch'))
    for found in (data, step, search, large, epoch):
        assert found['command'] in document
    said = data['settings']
    assert (f'Over {said["soak"]} loads a process grew by '
            f'{said["soak_bytes_per_video"]} bytes a video') in text
    said = step['settings']
    assert (f'{said["encoder"]} of width {said["base_channels"]}, '
            f'{said["batch"]} pairs of {said["frames"]} x {said["pixels"]} x '
            f'{said["pixels"]}, banks of {said["bank_size"]} entries') in text
    colors = figures('colors')
    assert colors['command'] in document
    said = colors['settings']
    slower = colors['ratios'][0]['value']
    share = step['ratios'][3]['value']
    assert (f'share of the step, {share:.3f} above, would be '
            f'{slower * share / (1 - share + slower * share):.3f}') in text
    moved = said['luma_moved_on_noise']
    assert (f'moves the luma by {moved["hue"]} levels of 255 on average and '
            f'the chroma rotation by {moved["chroma rotation"]},') in text
    said = search['settings']
    assert (f'{said["queries"]} queries, {said["gallery"]} videos, '
            f'{said["channels"]} channels, depth {said["depth"]}; peak memory '
            f'{said["peak_mb"]} MB, of which '
            f'{said["peak_mb_before_search"]} MB before') in text
    said, (ours, ) = large['settings'], large['seconds']['ours']
    bare, = large['seconds']['bare']
    assert (f'{said["queries"]:,} queries among {said["gallery"]:,} videos '
            f'(both cores, once) took {ours:.0f} seconds and '
            f'{said["peak_mb"]} MB, of which {said["features_mb"]} MB are the '
            'features themselves; the bare search took '
            f'{bare:.0f} seconds.') in text
    said = epoch['settings']
    assert (f'{said["iterations"]} iterations at '
            f'{said["pairs_per_second"]} pairs a second') in text
    hours = 240e3 * 200 * median(data['seconds']['ours']) / 3600
    assert f'{hours:.0f} core hours: {hours / 16:.0f} hours on 16' in text
