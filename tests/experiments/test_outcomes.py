import json

import pytest

from ascnet_mm.experiments.outcomes import (
    groups_of,
    pack,
    read_outcomes,
    unpack,
)


@pytest.mark.parametrize('numbers', [
    [1, 0, 1], [0], [1., 0.], [0.5], [0.2, 1, 0], [1 / 3] * 2, []
])  # yapf: disable
def test_numbers_come_back(numbers):
    assert unpack(pack(numbers)) == pytest.approx(numbers, abs=1e-6)


def test_the_last_test_counts(tmp_path):
    assert read_outcomes(str(tmp_path)) == {}
    for time, hits in (('20260102_1', [0, 1]), ('20260101_9', [1, 1])):
        folder = tmp_path / time / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'outcomes.json').write_text(json.dumps(dict(
            retrieval=dict(videos=['a.mp4', 'b.mp4'], labels=[0, 1],
                           figures=dict(top1=hits)))))
    assert read_outcomes(str(tmp_path)) == dict(
        retrieval=dict(
            videos=['a.mp4', 'b.mp4'], labels=[0, 1],
            figures=dict(top1='01')))


def test_videos_of_a_recording_are_a_group_in_every_metric():
    numbers = {}
    pattern = r'v_\w+_g\d+'
    assert groups_of(
        ['A/v_A_g01_c01.avi', 'A/v_A_g01_c02.avi', 'A/v_A_g02_c01.avi',
         'B/v_B_g01_c01.avi', 'other.mp4'], pattern, numbers) == '0 0 1 2 3'
    assert groups_of(['B/v_B_g01_c03.avi', 'new.mp4'], pattern,
                     numbers) == '2 4'
    assert groups_of(['a.mp4', 'b.mp4', 'a.mp4'], None, {}) == '0 1 0'
