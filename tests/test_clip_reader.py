"""Clips of a video, read forwards and part by part."""
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from ascnet_mm import VideoEncoder
from ascnet_mm.clip_reader import ClipReader, Part
from ascnet_mm.datasets.video import VideoReader

from .test_inference import gray

CLOSING = [dict(type='FormatShape', input_format='NCTHW'),
           dict(type='PackActionInputs')]


def pipeline(frames, *between, last=CLOSING):
    return [dict(type='OpenVideo'), dict(type='SampleFrames', **frames),
            dict(type='DecodeFrames'), *between, *last]


def read(reader, path, *place):
    windows, *parts = reader.windows(dict(filename=path), *place)
    assert all(isinstance(part, Part) for part in parts)
    inputs = torch.cat([part.inputs for part in parts])
    assert sum(part.clips for part in parts) == len(windows.frames)
    return windows, inputs


@pytest.fixture
def path(tmp_path):
    return gray(tmp_path / 'a.mkv', range(0, 500, 5))  # 100 frames in 5 s


@pytest.mark.parametrize('between', [
    [], [dict(type='Resize', scale=(8, 8), keep_ratio=False)]])
def test_parts_are_the_clips_and_frames_are_found_forwards(
        path, monkeypatch, between):
    decoded, frame = [], VideoReader._frame

    def spy(self, index):
        decoded.append(index)
        return frame(self, index)

    monkeypatch.setattr(VideoReader, '_frame', spy)
    monkeypatch.setattr('ascnet_mm.clip_reader.BYTES', 3 * 32 * 32 * 4 * 3)
    reader = ClipReader(pipeline(
        dict(clip_len=4, frame_interval=3, num_clips=1), *between))
    # Clips begin every 5 frames, so that their frames interlock.
    windows, inputs = read(reader, path, 2.0, 0.25)
    assert inputs.shape[1:3] == (3, 4)
    levels = inputs[:, 0, :, 0, 0].numpy() / 2
    assert np.array_equal(levels, windows.frames)
    # Each once: going back would decode from a key frame again.
    assert decoded == sorted(set(windows.frames.ravel()))


def test_windows_of_a_part_of_a_video(path):
    reader = ClipReader(pipeline(dict(clip_len=4, num_clips=1)))
    windows, _ = read(reader, path, 1.0, 0.5, 1.2, 3.0)
    np.testing.assert_allclose(windows.start, [1.2, 1.7, 2.2])
    np.testing.assert_allclose(windows.end, [2.2, 2.7, 3.0])
    assert windows.frames.min() == 24 and windows.frames.max() < 60


def test_a_2d_encoder_sees_frames_of_the_whole_window(path):
    """As TSN does of a video: the middles of equal parts."""
    nchw = [dict(type='FormatShape', input_format='NCHW'), CLOSING[1]]
    frames = dict(clip_len=1, num_clips=5, test_mode=True)
    reader = ClipReader(pipeline(frames, last=nchw))
    windows, inputs = read(reader, path, 2.0, 1.0)
    expected = [[20 * w + 8 * part + 4 for part in range(5)]
                for w in range(4)]
    assert windows.frames.tolist() == expected
    assert windows.clips == [[0], [1], [2], [3]]
    assert (inputs[:, 0, 0, 0] / 2).tolist() == np.ravel(expected).tolist()
    # A window of fewer frames than it takes
    windows, _ = read(reader, path, 0.1, 10)
    assert windows.frames.tolist() == [[0, 0, 1, 1, 1]]


@pytest.mark.parametrize('crop', ['CenterCrop', 'ThreeCrop'])
def test_a_temporal_shift_encoder_gets_its_segments_together(path, crop):
    """TSM shifts channels among the frames of a clip: no clip is torn."""
    torch.manual_seed(0)
    encoder = VideoEncoder(
        backbone=dict(
            type='ResNetTSM', depth=18, num_segments=4, shift_div=8,
            pretrained=None),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[100.] * 3, std=[50.] * 3,
            format_shape='NCHW'),
        pipeline=pipeline(
            dict(clip_len=1, num_clips=4, test_mode=True),
            dict(type=crop, crop_size=32),
            last=[dict(type='FormatShape', input_format='NCHW'),
                  CLOSING[1]]))  # yapf: disable
    found = encoder.embed_clips(path, window=1.0, stride=0.25).features
    for row, start in zip(found, np.arange(0, 4.25, 0.25)):
        # The middles of quarters of 20 frames
        levels = 2 * (20 * start + np.array([2.5, 7.5, 12.5, 17.5])).astype(
            int)
        frames = torch.tensor((levels - 100) / 50).float()[:, None, None, None]
        with torch.no_grad():
            maps = encoder.backbone(frames.expand(4, 3, 32, 32).contiguous())
        torch.testing.assert_close(
            row, maps.mean(dim=(0, 2, 3)), rtol=1e-3, atol=1e-4)


def slides(path, stamps, base=Fraction(1, 1000)):
    """A video with a level per frame, 20 times its number, and its times."""
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('ffv1')
        stream.width = stream.height = 32
        stream.pix_fmt = 'gray'
        stream.time_base = stream.codec_context.time_base = base
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(
                np.full((32, 32), 20 * number, np.uint8), format='gray')
            frame.pts, frame.time_base = stamp, base
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return str(path)


FRAMES = dict(clip_len=1, num_clips=3, test_mode=True)
CLIP = dict(clip_len=3, num_clips=1)


@pytest.mark.parametrize('frames', [FRAMES, CLIP])
def test_a_window_without_a_new_frame_has_the_one_that_is_shown(
        tmp_path, frames):
    nchw = [dict(type='FormatShape', input_format='NCHW'), CLOSING[1]]
    path = slides(tmp_path / 'a.mkv', [0, 1000, 8000, 9000])
    reader = ClipReader(pipeline(
        frames, last=nchw if frames is FRAMES else CLOSING))
    windows, _ = read(reader, path, 2.0, 1.0)
    for window in range(2, 7):
        [clip] = windows.clips[window]
        assert windows.frames[clip].tolist() == [1] * 3
    # A moment within a pause that is longer than is indexed
    path = slides(tmp_path / 'b.mkv', [0, 1000, 60000, 61000])
    windows, _ = read(reader, path, 2.0, 1.0, 30.0, 32.0)
    assert windows.start.tolist() == [30] and windows.end.tolist() == [32]
    assert windows.frames.tolist() == [[1, 1, 1]]


def test_a_last_window_that_ends_in_a_pause_is_left_out(tmp_path):
    """Where it would overlap what comes behind, were it not cut off."""
    path = slides(tmp_path / 'a.mkv', [0, 1000, 60500, 61500])
    windows, _ = read(ClipReader(pipeline(CLIP)), path, 2.0, 1.0, 0.0, 60.4)
    assert windows.start.tolist() == [*range(11)]


@pytest.mark.parametrize('jump', [60, 20_000, 1_700_000_000])
def test_a_pause_has_windows_for_ten_seconds(tmp_path, jump):
    """Also where the clock jumps by years, as of a wall clock."""
    path = slides(tmp_path / 'a.mkv', [0, 1000] + [
        1000 * jump + 1000 * second for second in range(3)])
    reader = ClipReader(pipeline(CLIP))
    windows, _ = read(reader, path, 2.0, 1.0)
    # Until 11 s, where the first picture is no longer counted as shown; then
    # all that overlap the three that follow
    assert windows.start.tolist() == [
        *range(11), *range(jump - 1, jump + 2)]
    # The windows of a video without a pause are those without a gap.
    path = slides(tmp_path / 'b.mkv', range(0, 9001, 1000))
    windows, _ = read(reader, path, 2.0, 1.0)
    assert windows.start.tolist() == [*range(9)]
