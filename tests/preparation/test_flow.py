"""Flow of textures whose motion is known, read back from its videos."""
import os

import cv2
import numpy as np
import pytest

from ascnet_mm import InputError
from ascnet_mm.datasets import DecodeFrames, DecodePlanes, OpenVideo
from ascnet_mm.preparation import optical_flow
from ascnet_mm_cli import commands_parser

from .test_transcode import gray, lines, save

HEIGHT, WIDTH = 64, 96


def moving(steps):
    """A texture that moves by each step (right, down) to the next frame."""
    rng = np.random.default_rng(0)
    texture = rng.uniform(0, 255, (200, 300, 3)).astype(np.float32)
    texture = cv2.GaussianBlur(texture, (0, 0), 2)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    frames, left, top = [], 100, 70
    for right, down in [*steps, (0, 0)]:
        frames.append(texture[top:top + HEIGHT, left:left + WIDTH])
        left, top = left - right, top - down
    return np.stack(frames).astype(np.uint8)


def planes(path):
    """Luma and, in pixels per frame, flow; as a pipeline reads them."""
    results = OpenVideo()(dict(filename=path))
    count = results['total_frames']
    results.update(frame_inds=np.arange(count), num_clips=1)
    results = DecodePlanes()(results)
    height, width = results['img_shape']
    [clip] = results['imgs']
    chroma = clip[:, height:].reshape(count, 2, height // 2, width // 2)
    return clip[:, :height], (chroma.astype(float) - 128) * 20 / 112


STEPS = [(2, -1), (2, -1), (-3, 0), (0, 3), (1, 1), (0, 0)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*options, source='source', target='target'):
        args = commands_parser().parse_args(
            ['flow', source, target, '--workers', '2', *options])
        args.run(args)

    return call


def test_the_flow_is_that_from_each_frame_to_the_next(run):
    save('source/a/x.mp4', moving(STEPS), crf='5')
    run()
    luma, flow = planes('target/a/x.mp4')
    assert len(flow) == len(STEPS) + 1  # of the last frame there is none
    assert luma.min() == luma.max() == 126
    inside = flow[..., 8:-8, 8:-8]
    np.testing.assert_allclose(
        np.median(inside, axis=(2, 3)), [*STEPS, (0, 0)], atol=0.2)
    assert inside.std(axis=(2, 3)).max() < 0.3


def test_as_a_picture_right_is_blue_and_down_is_red(run):
    save('source/x.mp4', moving([(4, 0), (0, 4), (-4, 0)]), crf='5')
    run()
    results = OpenVideo()(dict(filename='target/x.mp4'))
    results['frame_inds'] = np.arange(4)
    right, down, left, none = (
        np.median(img, axis=(0, 1))
        for img in DecodeFrames()(results)['imgs'])
    assert right[2] > 160 and abs(right[0] - 128) < 5
    assert down[0] > 150 and abs(down[2] - 128) < 5
    np.testing.assert_allclose(none, 128, atol=2)
    np.testing.assert_allclose(right + left, 256, atol=8)


def test_it_is_cut_to_the_limit(run):
    save('source/x.mp4', moving([(4, 0)]), crf='5')
    run('--flow-limit', '2')
    _, flow = planes('target/x.mp4')
    # 2 pixels are the largest chroma now
    assert np.median(flow[0, 0]) == pytest.approx(20, abs=0.4)
    with pytest.raises(InputError, match='--flow-limit is .* not 0'):
        optical_flow('source', 'other', flow_limit=0.)


def test_frames_keep_their_numbers_where_their_rate_varies(run):
    """A copy with a constant rate would repeat some."""
    save('source/x.mkv', moving(STEPS), crf='5',
         stamps=[0, 40, 80, 300, 340, 380, 420])
    run()
    _, flow = planes('target/x.mp4')
    np.testing.assert_allclose(
        np.median(flow, axis=(2, 3)), [*STEPS, (0, 0)], atol=0.2)


def test_the_same_videos_give_the_same_files_once(run):
    save('source/x.mp4', moving(STEPS))
    save('source/y.mp4', gray(3))
    with open('source/train.txt', 'w') as file:
        file.write('x.mp4 0\ny.mp4 1\n')
    run()
    run(target='again')
    for name in ('x.mp4', 'y.mp4'):
        with open(f'target/{name}', 'rb') as one, \
                open(f'again/{name}', 'rb') as other:
            assert one.read() == other.read()
    assert lines('target/train.txt') == ['x.mp4 0', 'y.mp4 1']
    made = os.stat('target/x.mp4').st_mtime_ns
    os.remove('target/y.mp4')
    run()  # goes on
    assert os.stat('target/x.mp4').st_mtime_ns == made
    assert os.path.exists('target/y.mp4')
    with pytest.raises(InputError, match='flow_limit.*the same options'):
        run('--flow-limit', '10')


def test_opencv_gets_its_threads_back(run):
    save('source/x.mp4', gray(3))
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        run()
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(threads)
