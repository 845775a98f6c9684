import json

import pytest

from ascnet_mm.experiments.records import (
    count_unreadable,
    test_figures,
    training_figures,
)

# pytest would take it for a test
figures_of_test = test_figures
del test_figures


def test_unreadable_videos_are_counted(tmp_path):
    assert count_unreadable(str(tmp_path)) == 0
    for folder, lines in (('1', 'a\tx\n'), ('2', 'a\tx\nb\ty\n')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'skipped_videos.txt').write_text(lines)
    assert count_unreadable(str(tmp_path)) == 2  # the last test's
    (tmp_path / '3').mkdir()
    assert count_unreadable(str(tmp_path)) == 0  # which could read all
    (tmp_path / 'skipped_videos.txt').write_text('c\tz\n')
    assert count_unreadable(str(tmp_path)) == 1  # a training's


def test_a_line_that_was_cut_off_loses_no_other(tmp_path):
    (tmp_path / '1' / 'vis_data').mkdir(parents=True)
    (tmp_path / '1' / 'vis_data' / 'scalars.json').write_text(
        '{"loss": 2.0, "step": 1}\n{"loss": 1.0, "st')
    assert training_figures(str(tmp_path)) == dict(loss=2., step=1)


def test_accuracies_are_in_percent_as_all_else(tmp_path):
    (tmp_path / '1').mkdir()
    (tmp_path / '1' / 'found.json').write_text(json.dumps({
        'acc/top1': .75, 'acc/mean1': .5, 'linear/top1': 60.,
        'linear/queries': None, 'data_time': .1}))
    assert figures_of_test(str(tmp_path)) == pytest.approx({
        'acc/top1': 75., 'acc/mean1': 50., 'linear/top1': 60.})
