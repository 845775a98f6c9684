import json

import pytest

from ascnet_mm.collection import Collection

from .conftest import run_tool


def results(done, out):
    assert done.returncode == 0, done.stderr[-2000:]
    assert (out / 'curves.png').read_bytes()[:4] == b'\x89PNG'
    return json.loads((out / 'results.json').read_text())


def test_the_rendered_set_is_shown_beside_chance_and_pixels(videos, tmp_path):
    done = run_tool('tools/demo.py', '--set-dir', videos, '--epochs', '1',
                    '--seeds', '0', '1', '--out', str(tmp_path))
    found = results(done, tmp_path)
    assert set(found['checks']) == {'0', '1'}
    for checks in found['checks'].values():
        assert set(checks['before']) == set(checks['after']) == {
            'retrieval/top1', 'retrieval/top5', 'same_video/top1',
            'speed_probe/accuracy'}  # yapf: disable
        assert checks['chance']['same_video/top1'] == pytest.approx(100 / 16)
    assert found['references']['chance']['retrieval/top1'] == pytest.approx(
        100 / 8)
    assert 0 <= found['references']['raw']['retrieval/top1'] <= 100
    assert found['versions']['torch'] and found['epochs'] == 1
    assert 'raw pixels' in done.stdout
    # The test videos, with their labels
    pytest.importorskip('pyarrow')
    assert f'{tmp_path}/page/index.html' in done.stdout
    collection = Collection(tmp_path / 'collection')
    with open(f'{videos}/test.txt') as lines:
        listed = dict(line.split() for line in lines)
    assert {video.file: str(video.label)
            for video in collection.videos} == listed
    assert len(list((tmp_path / 'page/posters').iterdir())) == len(listed)


def test_a_folder_of_ones_own_may_be_smaller_than_a_batch(videos, tmp_path):
    done = run_tool('tools/demo.py', '--videos',
                    f'{videos}/videos/striped_disc_shifts', '--epochs', '1',
                    '--out', str(tmp_path))
    checks = results(done, tmp_path)['checks']['0']
    # One video is kept for validation: no speed can be probed with it.
    assert set(checks['after']) == {'same_video/top1'}
    assert len(list((tmp_path / 'page/posters').iterdir())) == 1


def test_a_missing_folder_ends_with_one_sentence(tmp_path):
    done = run_tool('tools/demo.py', '--videos', str(tmp_path / 'none'))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith('error: there is')
