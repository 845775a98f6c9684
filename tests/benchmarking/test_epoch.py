import json

import pytest

from ascnet_mm import InputError
from ascnet_mm.benchmarking import epoch


def test_the_share_is_that_of_all_but_first_iterations(tmp_path):
    folder = tmp_path / 'run[1]' / '20260101' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [
        dict(epoch=1, loss=1, time=9., data_time=8.),
        dict(epoch=1, loss=1, time=2., data_time=0.5),
        dict(step=1, **{'same_video/top1': 3.}),
        dict(epoch=2, loss=1, time=9., data_time=8.),
        dict(epoch=2, loss=1, time=4., data_time=0.25),
        dict(epoch=2, loss=1, time=4., data_time=0.25),
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


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(InputError, match='interval=1'):
        epoch.read_iterations(str(tmp_path))
