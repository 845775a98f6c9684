"""Clips made small while they are decoded, against the plain way."""
import os.path as osp
import tracemalloc
from types import SimpleNamespace

import av
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from torch.utils.data import DataLoader

from ascnet_mm import InputError
from ascnet_mm.datasets import DecodeSmall, VideoFolder
from ascnet_mm.datasets.video import UnreadableVideo

from ..conftest import ROOT

CROPS = [
    dict(type='Resize', scale=(-1, 50)),
    dict(type='CenterCrop', crop_size=40),
    dict(type='Resize', scale=(24, 20), keep_ratio=False)
]
PLAIN = [
    dict(type='DecodeFrames'), *CROPS,
    dict(type='FormatShape', input_format='NCTHW')
]  # yapf: disable
SMALL = [dict(type='DecodeSmall', transforms=CROPS)]


def film(path, frames, size=(64, 48)):
    """No two frames and no two corners are alike."""
    y, x = np.mgrid[:size[1], :size[0]]
    with av.open(str(path), 'w') as out:
        stream = out.add_stream('mpeg4', rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, 'yuv420p'
        stream.bit_rate = 4_000_000
        for index in range(frames):
            image = np.stack([x + 3 * index, 2 * y + index, x * y + index], 2)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(
                (image % 256).astype(np.uint8), 'rgb24')))  # yapf: disable
        out.mux(stream.encode())
    return str(path)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return film(tmp_path_factory.mktemp('film') / 'a.mp4', 70)


def run(steps, path):
    return Compose([dict(type='OpenVideo'), *steps])(
        dict(filename=path, start_index=0, modality='RGB'))


@pytest.mark.parametrize('sampling', [
    dict(type='SlidingSampleFrames', clip_len=8),
    dict(type='SlidingSampleFrames', clip_len=8, stride=11),
    dict(type='SlidingSampleFrames', clip_len=8, frame_interval=2),
    dict(type='SlidingSampleFrames', clip_len=8, frame_interval=20),
    dict(type='SlidingSampleFrames', clip_len=70),
    dict(type='SampleFrames', clip_len=1, num_clips=1, test_mode=True),
    dict(type='SampleFrames', clip_len=16, num_clips=10, test_mode=True),
    dict(type='SampleFrames', clip_len=90, num_clips=3, test_mode=True)
], ids=lambda step: '-'.join(map(str, step.values())))  # yapf: disable
def test_the_same_clips_as_step_by_step(sampling, path):
    expected, small = (run([sampling, *steps], path)
                       for steps in (PLAIN, SMALL))
    assert small['imgs'].dtype == np.uint8
    np.testing.assert_array_equal(small['imgs'], expected['imgs'])
    for key in ('img_shape', 'original_shape', 'num_clips', 'clip_len'):
        assert small[key] == expected[key], key
    assert 'video_reader' not in small


def test_the_first_frame_sets_the_size(tmp_path):
    """Of a stream whose pictures change, as with DecodeFrames."""
    frames = []
    for size in ((64, 48), (32, 80), (64, 48)):
        with av.open(film(tmp_path / 'a.mp4', 3, size)) as video:
            frames += list(video.decode(video=0))

    def results():
        return dict(
            video_reader=SimpleNamespace(
                frames=lambda indices: (frames[i] for i in indices),
                close=lambda: None),
            frame_inds=np.array([0, 2, 4, 6, 8, 8]), num_clips=2, clip_len=3,
            modality='RGB')  # yapf: disable

    expected, small = (Compose(steps)(results()) for steps in (PLAIN, SMALL))
    np.testing.assert_array_equal(small['imgs'], expected['imgs'])


def test_frames_are_decoded_once_ascending_and_the_file_closed(path):
    asked, closed = [], []
    with av.open(path) as video:
        frames = list(video.decode(video=0))

    def read(indices):
        asked.append(indices)
        return (frames[index] for index in indices)

    reader = SimpleNamespace(frames=read, close=lambda: closed.append(True))
    DecodeSmall(CROPS).transform(
        dict(video_reader=reader, frame_inds=np.array([4, 2, 4, 0]),
             num_clips=1, modality='RGB'))  # yapf: disable
    assert asked == [[0, 2, 4]] and closed


def test_what_decoding_raises_is_the_files_fault_and_nothing_else(path):
    def broken(indices):
        raise ValueError('odd pixels')
        yield

    closed = []
    reader = SimpleNamespace(frames=broken, close=lambda: closed.append(True))
    with pytest.raises(UnreadableVideo, match='odd pixels'):
        DecodeSmall(CROPS).transform(
            dict(video_reader=reader, frame_inds=np.arange(4), num_clips=1))
    assert closed
    sampling = dict(type='SlidingSampleFrames', clip_len=8)
    opened = run([sampling], path)
    small = DecodeSmall(CROPS)
    small.transforms = lambda results: results['nothing']
    with pytest.raises(KeyError):
        small.transform(opened)
    with pytest.raises(InputError, match='makes 3 pictures of one'):
        run([sampling, dict(type='DecodeSmall', transforms=[
            dict(type='ThreeCrop', crop_size=48)])], path)  # yapf: disable


@pytest.mark.parametrize('workers', [0, 1])
def test_windows_travel_as_the_frames_they_share(path, workers):
    sampling = dict(type='SlidingSampleFrames', clip_len=16)
    pack = dict(type='PackActionInputs', meta_keys=('filename', ))
    dataset = VideoFolder(
        osp.dirname(path), [dict(type='OpenVideo'), sampling, *SMALL, pack],
        test_mode=True)
    [batch] = DataLoader(
        dataset, batch_size=1, num_workers=workers, collate_fn=pseudo_collate)
    [clips] = batch['inputs']
    np.testing.assert_array_equal(clips, run([sampling, *PLAIN],
                                             path)['imgs'])
    # Starts 0, 7, ..., 49: 65 frames, of which 8 clips have 128
    assert clips.shape == (8, 3, 16, 20, 24)
    assert clips.untyped_storage().nbytes() == 65 * 3 * 20 * 24


def test_the_coclr_preset_holds_small_frames_alone(tmp_path):
    """Its clips, bit for bit, in little more than the memory of each once."""
    path = film(tmp_path / 'a.mp4', 212, (320, 240))
    cfg = Config.fromfile(
        osp.join(ROOT, 'configs/ascnet/retrieval/r18_ucf101_coclr.py'))
    pipeline = [dict(step) for step in cfg.test_dataloader.dataset.pipeline]
    tracemalloc.start()
    try:
        clips = run(pipeline[1:-1], path)['imgs']
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert clips.shape == (13, 3, 32, 128, 128)
    assert peak < 212 * 3 * 128 * 128 + 4 * 3 * 320 * 240
    plain = run([
        dict(type='SlidingSampleFrames', clip_len=32, stride=15),
        dict(type='DecodeFrames'),
        dict(type='Resize', scale=(-1, 240)),
        dict(type='CenterCrop', crop_size=224),
        dict(type='Resize', scale=(128, 128), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW')
    ], path)  # yapf: disable
    np.testing.assert_array_equal(clips, plain['imgs'])
