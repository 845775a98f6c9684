import json
from types import SimpleNamespace

import pytest

from ascnet_mm import InputError
from ascnet_mm.collection import Collection
from ascnet_mm.demo import showing
from ascnet_mm_cli import commands_parser

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


@pytest.mark.parametrize('options, why', [
    (['--epochs', '0'], '--epochs must be 1 or more, not 0'),
    (['--epochs', '-3'], '--epochs must be 1 or more, not -3'),
    (['--seeds', '-1'], 'each given once, not -1'),
    (['--seeds', '2', '2'], 'each given once, not 2 2')])
def test_numbers_that_make_no_sense_are_refused(options, why, tmp_path):
    args = commands_parser().parse_args(
        ['demo', '--out', str(tmp_path / 'out'), *options])
    with pytest.raises(InputError, match=why):
        args.run(args)
    assert not (tmp_path / 'out').exists()


def test_a_folder_that_is_no_collection_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(showing, 'Runner', SimpleNamespace(
        build_dataloader=lambda loader: SimpleNamespace(dataset=Listed())))
    monkeypatch.setattr(
        showing, 'find_latest_checkpoint', lambda folder: 'nowhere.pth')
    kept = tmp_path / 'collection' / 'mine.txt'
    kept.parent.mkdir()
    kept.write_text('mine')
    cfg = SimpleNamespace(val_dataloader=None)
    assert showing.show_collection(cfg, str(tmp_path), str(tmp_path)) is None
    assert kept.read_text() == 'mine'


class Listed:
    """A data set of a video."""

    def __len__(self):
        return 1

    def get_data_info(self, number):
        return dict(filename='/nowhere/x.mp4', label=0)


def test_a_missing_folder_ends_with_one_sentence(tmp_path):
    done = run_tool('tools/demo.py', '--videos', str(tmp_path / 'none'))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith('error: there is')
