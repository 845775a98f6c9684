import shutil

import pytest

from ascnet_mm import InputError
from ascnet_mm.experiments.source import find_videos, read_experiment

from .planning import EXPERIMENT, changed, planned


@pytest.mark.parametrize('parts, words', [
    (dict(seeds=[]), 'does not say seeds'),
    (dict(seeds=[1, 1]), 'twice'),
    (dict(methods=[dict(name='A b'), dict(name='a-B')]), 'names of the me'),
    (dict(methods=[dict(name='Untrained')]), 'untrained'),
    (dict(measures={'other/top1': 'x'}), 'none of the evaluations'),
    (dict(measures={'vcop/a + other/b': 'x'}), 'other/b is of none'),
    (dict(evaluations=[dict(name='vcop', methods=['ASC'])]), 'is of ASC'),
])
def test_a_bad_experiment_is_refused(tmp_path, parts, words):
    with pytest.raises(InputError, match=words):
        read_experiment(changed(tmp_path, **parts))


def test_copies_say_how_they_were_made(videos, plan, tmp_path):
    assert plan[1].prepared == {}
    copies = shutil.copytree(videos, tmp_path / 'copies')
    (copies / 'transcode.json').write_text('{"short_edge": 96}')
    assert planned(str(copies))[1].prepared == dict(short_edge=96)


def test_a_listed_video_must_be_there(videos, tmp_path):
    shutil.copytree(videos, tmp_path / 'set')
    with open(tmp_path / 'set' / 'test.txt', 'a') as file:
        file.write('nowhere.mp4 0\n')
    with pytest.raises(InputError, match='nowhere.mp4'):
        find_videos(read_experiment(EXPERIMENT), str(tmp_path / 'set'))
