import decord
import numpy as np
import pytest

from ascnet_mm import InputError
from ascnet_mm.preparation import synthetic

from ..conftest import run_tool


def test_frames_and_files_follow_from_the_seed(tmp_path):
    for root in ('a', 'b'):
        synthetic.make_set(str(tmp_path / root), 1, 0, seed=4)
    synthetic.make_set(str(tmp_path / 'c'), 1, 0, seed=5)
    lines = (tmp_path / 'a' / 'train.txt').read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        path, _ = line.split(' ')
        a, b, c = ((tmp_path / root / 'videos' / path).read_bytes()
                   for root in 'abc')
        assert a == b != c


def test_a_set_that_is_written_over_is_not_whole_before_its_end(
        tmp_path, monkeypatch):
    folder = tmp_path / 'a'
    synthetic.make_set(str(folder), 1, 1)
    before = {path: path.read_bytes() for path in folder.rglob('*.mp4')}
    render = synthetic.files.render
    drawn = []

    def break_off(name, rng):
        drawn.append(name)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return render(name, rng)

    monkeypatch.setattr(synthetic.files, 'render', break_off)
    with pytest.raises(KeyboardInterrupt):
        synthetic.make_set(str(folder), 1, 1, seed=7)
    assert not [*folder.glob('*.txt')]
    after = {path: path.read_bytes() for path in folder.rglob('*.mp4')}
    assert after.keys() == before.keys() and all(after.values())
    assert sum(after[path] != before[path] for path in after) == 2


@pytest.mark.parametrize('name', synthetic.CLASSES)
def test_a_class_is_visible_and_moves(name):
    for seed in range(5):
        frames = synthetic.render(name, np.random.default_rng(seed))
        assert frames.shape == (48, 64, 80, 3) and frames.dtype == np.uint8
        change = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=3)
        # a fiftieth of a frame moves, noise apart
        assert ((change > 30).mean(axis=(1, 2)) > 0).any()
        assert (change.max(axis=0) > 30).mean() > 0.02


def test_files_are_h264_of_all_frames_near_the_drawing(tmp_path):
    name = 'striped_disc_shifts'
    frames = synthetic.render(name, np.random.default_rng(0))
    synthetic.write_video(str(tmp_path / 'x.mp4'), frames)
    assert b'avc1' in (tmp_path / 'x.mp4').read_bytes()
    reader = decord.VideoReader(str(tmp_path / 'x.mp4'))
    decoded = reader.get_batch(range(48)).asnumpy()
    assert len(reader) == 48
    assert np.abs(decoded.astype(int) - frames).mean() < 12


@pytest.mark.parametrize('numbers', [
    dict(train=-1), dict(test=-1, train=9), dict(seed=-1)])
def test_negative_numbers_are_refused(numbers, tmp_path):
    with pytest.raises(InputError, match='must not be negative: -1'):
        synthetic.make_set(str(tmp_path / 'x'), **numbers)
    assert not (tmp_path / 'x').exists()


def test_as_a_script(tmp_path):
    done = run_tool('tools/data/make_synthetic.py', 'set', '--train', '1',
                    '--test', '0', cwd=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == '8 videos in 8 classes written to set\n'
    assert (tmp_path / 'set' / 'train.txt').read_text().startswith(
        'striped_disc_shifts/0000.mp4 0\n')
    assert (tmp_path / 'set' / 'test.txt').read_text() == ''
