import json
import os

import pytest

from ascnet_mm import InputError
from ascnet_mm.benchmarking import data
from ascnet_mm.benchmarking.timing import Ratio, ratio, side_by_side

OPTIONS = dict(clip_len=4, size=24, limit=40)


def test_a_run_writes_its_figures(videos, tmp_path):
    (tmp_path / 'few').mkdir()
    folder = f'{videos}/videos/striped_disc_shifts'
    for name in sorted(os.listdir(folder))[:2]:
        os.symlink(f'{folder}/{name}', tmp_path / 'few' / name)
    few = str(tmp_path / 'few')
    data.run(few, few, soak=200, repeats=2, out=str(tmp_path), **OPTIONS)
    with open(tmp_path / 'data.json') as file:
        found = json.load(file)
    assert len(found['ratios']) == 5 and len(found['seconds']) == 8 + 7
    assert all(len(values) == 2 and min(values) > 0
               for values in found['seconds'].values())
    # Parts and whole are timed one after the other.
    whole = sum(found['seconds']['ours'])
    parts = sum(sum(values) for name, values in found['seconds'].items()
                if name.startswith('of ours: '))
    assert 0.3 * whole < parts < 3 * whole
    assert found['versions']['av'] and found['machine']['cores'] > 0
    assert found['settings']['videos'] == 2
    assert abs(found['settings']['soak_bytes_per_video']) < 1e6
    # the same files on both sides: about as fast
    same = found['ratios'][3]
    assert 0.2 < same['value'] < 5 and same['met'] is (same['value'] >= 7)


def test_too_many_and_other_videos_are_refused(videos, tmp_path):
    with pytest.raises(InputError, match='holds 64 videos'):
        data.run(f'{videos}/videos', None, soak=0, repeats=1,
                 out=str(tmp_path), **OPTIONS)
    with pytest.raises(InputError, match='holds 0 videos'):
        data.run(str(tmp_path), None, soak=0, repeats=1, out=str(tmp_path),
                 **OPTIONS)


def test_variants_take_turns_and_the_first_round_does_not_count():
    ticks, order = iter(range(100)), []
    seconds = side_by_side(
        dict(a=lambda: order.append('a'), b=lambda: order.append('b')),
        repeats=2, clock=lambda: next(ticks))
    assert order == ['a', 'b'] * 3
    assert seconds == dict(a=[1, 1], b=[1, 1])


@pytest.mark.parametrize('bar, holds', [('<= 2', True), ('>= 2', True),
                                        ('<= 1.9', False), ('>= 2.1', False),
                                        ('', None)])
def test_a_ratio_is_the_median_of_rounds(bar, holds):
    found = ratio('x', dict(a=[2, 9, 4], b=[1, 3, 4]), 'a', 'b', bar)
    assert found.value == 2 and found.holds is holds
    assert Ratio('y', 1.0).holds is None
