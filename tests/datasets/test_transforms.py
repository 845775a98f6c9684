from pathlib import Path

import decord
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from ascnet_mm.datasets import DecordDecodeInOrder, DecordOpen, PerClip
from ascnet_mm.datasets.transforms.decode import UnreadableVideo


class CountingReader:
    """A stand-in for decord's reader that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked = []

    def get_batch(self, indices):
        self.asked.append(list(indices))
        batch = np.zeros((len(indices), 2, 2, 3), np.uint8)
        batch[:] = np.asarray(indices)[:, None, None, None]
        return type('Batch', (), dict(asnumpy=lambda self: batch))()


def test_each_frame_is_decoded_once_in_order():
    reader, indices = CountingReader(), np.array([5, 6, 7, 4, 6, 8])
    out = DecordDecodeInOrder().transform(
        dict(video_reader=reader, frame_inds=indices))
    assert reader.asked == [[4, 5, 6, 7, 8]]
    assert [int(img[0, 0, 0]) for img in out['imgs']] == indices.tolist()


def test_real_frames_are_the_hosts(videos):
    path = f'{videos}/videos/striped_disc_shifts/0000.mp4'
    frames = []
    for kind in ('DecordDecode', 'DecordDecodeInOrder'):
        out = TRANSFORMS.build(dict(type=kind)).transform(
            dict(
                video_reader=decord.VideoReader(path),
                frame_inds=np.array([20, 22, 24, 17, 18, 20])))
        frames.append(np.stack(out['imgs']))
    np.testing.assert_array_equal(*frames)


def test_clips_are_transformed_apart_and_their_frames_alike():
    base = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    np.random.seed(0)
    out = PerClip([
        dict(type='RandomResizedCrop', area_range=(0.2, 0.5)),
        dict(type='Resize', scale=(8, 8), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5)
    ]).transform(
        dict(
            imgs=[base] * 8, clip_len=4, num_clips=2, img_shape=(20, 30),
            modality='RGB'))
    assert len(out['imgs']) == 8 and out['img_shape'] == (8, 8)
    first, second = out['imgs'][:4], out['imgs'][4:]
    for clip in (first, second):
        assert all(np.array_equal(frame, clip[0]) for frame in clip)
    assert not np.array_equal(first[0], second[0])


@pytest.mark.parametrize('content', [None, b'', b'no video at all', 'torn'])
def test_a_bad_file_is_told_from_other_errors(content, videos, tmp_path):
    path = tmp_path / 'x.mp4'
    if content == 'torn':
        source = Path(videos, 'videos', 'striped_disc_shifts', '0000.mp4')
        content = source.read_bytes()[:900]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableVideo) as error:
        DecordOpen().transform(dict(filename=str(path)))
    assert 0 < len(str(error.value)) <= 200 and '\n' not in str(error.value)


def test_a_file_whose_frames_cannot_be_decoded_is_unreadable(
        videos, tmp_path):
    """The index is whole, the pictures are not."""
    source = Path(videos, 'videos', 'striped_disc_shifts', '0000.mp4')
    data = bytearray(source.read_bytes())
    start = data.index(b'mdat') + 4
    data[start:data.index(b'moov') - 4] = bytes(
        data.index(b'moov') - 4 - start)
    (tmp_path / 'x.mp4').write_bytes(data)
    with pytest.raises(UnreadableVideo):
        out = DecordOpen().transform(dict(filename=str(tmp_path / 'x.mp4')))
        DecordDecodeInOrder().transform(dict(out, frame_inds=np.arange(8)))
