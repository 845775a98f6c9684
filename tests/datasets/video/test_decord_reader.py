import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from ascnet_mm import InputError
from ascnet_mm.datasets import OpenVideo
from ascnet_mm.datasets.video import (
    DecordReader,
    UnreadableVideo,
    VideoReader,
)

from ..test_decode import drawing, write_video
from .test_reader import render, told


@pytest.mark.parametrize('name, options', [
    ('plain.mp4', {}), ('b.mp4', dict(b_frames=3)),
    ('one_key.mkv', dict(gop=999)), ('mpeg4.avi', dict(codec='mpeg4'))])
def test_frames_are_those_of_our_reader(name, options, tmp_path):
    path = render(tmp_path / name, **options)
    reader, ours = DecordReader(path), VideoReader(path)
    wanted = [0, 3, 11, 12, 13, 30, 49]
    assert [told(frame) for frame in reader.frames(wanted)] == wanted
    assert len(reader) == 50 and reader.fps == ours.fps
    np.testing.assert_array_equal(reader.times, ours.times)


def test_files_in_which_it_finds_other_frames_are_refused(tmp_path):
    path = render(tmp_path / 'stream.ts', b_frames=2)
    with pytest.raises(UnreadableVideo, match='of its kind: .*reader=pyav'):
        DecordReader(path)


@pytest.mark.parametrize('fault', ['count', 'keys', 'time'])
def test_other_counts_keys_and_times_are_refused(fault, tmp_path, monkeypatch):
    import decord
    path = render(tmp_path / 'plain.mp4')
    if fault == 'count':
        monkeypatch.setattr(decord.VideoReader, '__len__', lambda self: 49)
    elif fault == 'keys':
        monkeypatch.setattr(decord.VideoReader, 'get_key_indices',
                            lambda self: [0, 11, 24, 36, 48])
    else:
        shown = decord.VideoReader.get_frame_timestamp
        monkeypatch.setattr(
            decord.VideoReader, 'get_frame_timestamp',
            lambda self, which: shown(self, which) + 0.04)
    with pytest.raises(UnreadableVideo, match='reader=pyav'):
        DecordReader(path)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / 'x.mp4').write_bytes(b'nothing')
    with pytest.raises(UnreadableVideo):
        DecordReader(str(tmp_path / 'x.mp4'))


@pytest.mark.parametrize('decode', ['DecodePlanes', 'DecodeFrames'])
def test_a_pipeline_reads_with_it(decode, tmp_path):
    """Gray has no color that decord would convert otherwise."""
    path = render(tmp_path / 'plain.mp4')
    read = {}
    for reader in ('pyav', 'decord'):
        results = dict(filename=path, num_clips=1)
        results = OpenVideo(reader=reader)(results)
        results['frame_inds'] = np.array([30, 2, 49])
        read[reader] = TRANSFORMS.build(dict(type=decode))(results)
    assert read['pyav']['img_shape'] == read['decord']['img_shape']
    ours, theirs = (np.asarray(read[name]['imgs'], float)
                    for name in ('pyav', 'decord'))
    assert ours.shape == theirs.shape and np.abs(ours - theirs).max() <= 3


def test_another_reader_is_refused():
    with pytest.raises(InputError, match='pyav, decord'):
        OpenVideo(reader='opencv')


@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
def test_mirrored_recordings_are_refused(rotation, tmp_path):
    """decord turns pictures, but does not mirror them."""
    picture = drawing(128, 64)
    turned = write_video(tmp_path / 'turned.mp4', picture, rotation=rotation)
    [frame] = DecordReader(turned).frames([0])
    expected = np.rot90(picture, rotation // 90)
    found = frame.to_ndarray()
    assert found.shape == expected.shape
    assert abs(found - expected.astype(float)).mean() < 10
    mirrored = write_video(tmp_path / 'mirrored.mp4', picture,
                           rotation=rotation, mirrored=True)
    with pytest.raises(UnreadableVideo, match='mirror .*reader=pyav'):
        DecordReader(mirrored)
