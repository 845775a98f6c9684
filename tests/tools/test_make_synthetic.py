import decord
import make_synthetic
import numpy as np
import pytest


def test_frames_and_files_follow_from_the_seed(tmp_path):
    for root in ('a', 'b'):
        make_synthetic.make_set(str(tmp_path / root), 1, 1, seed=4)
    make_synthetic.make_set(str(tmp_path / 'c'), 1, 1, seed=5)
    lines = (tmp_path / 'a' / 'train.txt').read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        path, _ = line.split(' ')
        a, b, c = ((tmp_path / root / 'videos' / path).read_bytes()
                   for root in 'abc')
        assert a == b != c


@pytest.mark.parametrize('name', make_synthetic.CLASSES)
def test_a_class_is_visible_and_moves(name):
    for seed in range(5):
        frames = make_synthetic.render(name, np.random.default_rng(seed))
        assert frames.shape == (48, 64, 80, 3) and frames.dtype == np.uint8
        change = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=3)
        # a fiftieth of a frame moves, noise apart
        assert ((change > 30).mean(axis=(1, 2)) > 0).any()
        assert (change.max(axis=0) > 30).mean() > 0.02


def test_files_are_h264_of_all_frames_near_the_drawing(tmp_path):
    name = 'striped_disc_shifts'
    frames = make_synthetic.render(name, np.random.default_rng(0))
    make_synthetic.write_video(str(tmp_path / 'x.mp4'), frames)
    assert b'avc1' in (tmp_path / 'x.mp4').read_bytes()
    reader = decord.VideoReader(str(tmp_path / 'x.mp4'))
    decoded = reader.get_batch(range(48)).asnumpy()
    assert len(reader) == 48
    assert np.abs(decoded.astype(int) - frames).mean() < 12
