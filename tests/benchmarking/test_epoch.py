import json

import pytest

from ascnet_mm import InputError
from ascnet_mm.benchmarking import epoch


def test_the_share_is_that_of_all_but_first_iterations(tmp_path):
    folder = tmp_path / 'run[1]' / '20260101' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [
        dict(epoch=1, iter=1, loss=1, time=9., data_time=8.),
        dict(epoch=1, iter=2, loss=1, time=2., data_time=0.5),
        dict(step=1, **{'same_video/top1': 3.}),
        dict(epoch=2, iter=3, loss=1, time=9., data_time=8.),
        dict(epoch=2, iter=4, loss=1, time=4., data_time=0.25),
        dict(epoch=2, iter=5, loss=1, time=4., data_time=0.25),
    ]
    (folder / 'scalars.json').write_text(
        '\n'.join(json.dumps(line) for line in lines))
    epoch.run(str(tmp_path / 'run[1]'), batch=8, workers=2,
              out=str(tmp_path))
    with open(tmp_path / 'epoch.json') as file:
        found = json.load(file)
    assert found['ratios'][0]['value'] == pytest.approx(0.1)
    assert found['ratios'][0]['met'] is False
    assert found['settings']['pairs_per_second'] == 2
    assert found['settings']['iterations'] == 3


def write_log(folder, *lines):
    folder = folder / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(
        json.dumps(dict(epoch=1, loss=1, iter=number, time=time,
                        data_time=0.)) + '\n' for number, time in lines))


def test_the_last_run_counts(tmp_path):
    write_log(tmp_path / '20260101', (1, 9.), (2, 8.), (3, 8.))
    write_log(tmp_path / '20260102', (4, 7.), (5, 6.))
    assert epoch.read_iterations(str(tmp_path))['iteration'] == [6.]


def test_a_log_with_gaps_is_refused(tmp_path):
    write_log(tmp_path / '20260101', (10, 9.), (20, 8.))
    with pytest.raises(InputError, match='no line for each iteration'):
        epoch.read_iterations(str(tmp_path))


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(InputError, match='interval=1'):
        epoch.read_iterations(str(tmp_path))
