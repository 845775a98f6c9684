import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import RandomResizedCrop
from mmaction.registry import MODELS, TRANSFORMS

from ascnet_mm import InputError
from ascnet_mm.datasets import DecodePlanes, DeviceCrop

from .test_reader import render

META = ('sample_seed', 'crops', 'flips', 'scale', 'bt709', 'full_range')


class Plane(bytes):
    line_size = 0


def frame_of(planes, padding=3, **options):
    """A frame as PyAV gives it, with lines longer than the picture."""
    stored = []
    for plane in planes:
        padded = np.pad(plane, ((0, 0), (0, padding)))
        stored.append(Plane(padded.tobytes()))
        stored[-1].line_size = padded.shape[1]
    height, width = planes[0].shape
    return SimpleNamespace(**{
        **dict(planes=stored, height=height, width=width, rotation=0,
               format=SimpleNamespace(name='yuv420p'), colorspace=2,
               color_range=0), **options})  # yapf: disable


class Reader:

    def __init__(self, frames):
        self.all, self.closed = frames, False

    def frames(self, indices):
        return (self.all[index] for index in indices)

    def close(self):
        self.closed = True


def decode(frames, indices, clips=1):
    reader = Reader(frames)
    results = DecodePlanes().transform(
        dict(video_reader=reader, frame_inds=np.array(indices),
             num_clips=clips))
    assert reader.closed and 'video_reader' not in results
    return results


def random_planes(height, width, seed=0):
    rng = np.random.default_rng(seed)
    half = ((height + 1) // 2, (width + 1) // 2)
    return [rng.integers(0, 256, shape, np.uint8)
            for shape in ((height, width), half, half)]


def unpack(packed):
    height = len(packed) * 2 // 3
    chroma = packed[height:].reshape(2, height // 2, -1)
    return [packed[:height], *chroma]


@pytest.mark.parametrize('rotation, turns', [(0, 0), (90, 1), (-90, 3),
                                             (180, 2)])
def test_planes_are_copied_upright(rotation, turns):
    planes = random_planes(6, 10)
    found = decode([frame_of(planes, rotation=rotation)], [0, 0])
    assert found['imgs'].shape[:2] == (1, 2)
    for plane, part in zip(planes, unpack(found['imgs'][0, 1])):
        np.testing.assert_array_equal(part, np.rot90(plane, turns))
    assert found['img_shape'] == (6, 10)[::-1 if turns % 2 else 1]


def test_odd_sizes_lose_a_row_and_a_column():
    planes = random_planes(7, 9)
    found = unpack(decode([frame_of(planes)], [0])['imgs'][0, 0])
    np.testing.assert_array_equal(found[0], planes[0][:6, :8])
    np.testing.assert_array_equal(found[2], planes[2][:3, :4])


def test_clips_get_their_frames_in_their_order():
    frames = [frame_of(random_planes(4, 4, seed)) for seed in range(5)]
    found = decode(frames, [3, 1, 1, 4], clips=2)['imgs']
    for clip, index, number in ((0, 0, 3), (0, 1, 1), (1, 0, 1), (1, 1, 4)):
        np.testing.assert_array_equal(
            unpack(found[clip, index])[0], random_planes(4, 4, number)[0])


@pytest.mark.parametrize('options, bt709, full', [
    ({}, False, False), (dict(colorspace=1), True, False),
    (dict(colorspace=6), False, False), (dict(color_range=2), False, True),
    (dict(format=SimpleNamespace(name='yuvj420p')), False, True)])
def test_matrix_and_range_are_the_files_own(options, bt709, full):
    found = decode([frame_of(random_planes(4, 4), **options)], [0])
    assert (found['bt709'], found['full_range']) == (bt709, full)


def test_crops_are_the_hosts_on_even_pixels():
    transform = DeviceCrop((112, 112), area_range=(0.4, 1.0), flip_ratio=0.5)
    for seed in range(20):
        for number in (random, np.random):
            number.seed(seed)
        found = transform.transform(dict(img_shape=(128, 170), num_clips=2))
        for number in (random, np.random):
            number.seed(seed)
        for left, top, width, height in found['crops']:
            box = RandomResizedCrop.get_crop_bbox(
                (128, 170), (0.4, 1.0), (3 / 4, 4 / 3))
            assert np.abs(np.array([left, top, left + width, top + height]) -
                          box).max() < 2 + 1e-9
            assert not any(v % 2 for v in (left, top, width, height))
            assert left + width <= 170 and top + height <= 128
    flips = [transform.transform(dict(img_shape=(64, 64), num_clips=2))
             ['flips'] for _ in range(200)]
    assert 0.4 < np.mean(flips) < 0.6 and {f[0] == f[1] for f in flips} == {
        True, False}
    whole = DeviceCrop((8, 8)).transform(dict(img_shape=(6, 4), num_clips=1))
    assert whole['crops'] == ((0, 0, 4, 6), ) and whole['flips'] == (False, )
    with pytest.raises(InputError, match='scale'):
        DeviceCrop((8, ))


def run(pipeline, path, seed=0):
    np.random.seed(seed)
    random.seed(seed)
    results = dict(filename=path, start_index=0, sample_seed=0, label=0,
                   modality='RGB')
    for transform in pipeline:
        results = TRANSFORMS.build(transform).transform(results)
    preprocessor = MODELS.build(
        dict(type='ClipDataPreprocessor', mean=[0] * 3, std=[1] * 3))
    batch, _ = preprocessor.preprocess([results['inputs']],
                                       [results['data_samples']])
    return batch[0]


@pytest.mark.parametrize('size', [(40, 56), (64, 64), (20, 30)])
def test_the_hosts_transforms_give_the_same_clips(videos, size):
    """In luma to two levels on average; in colour, where FFmpeg's fast path of
    the host repeats chroma and we interpolate it, to three on drawn shapes.
    """
    with open(f'{videos}/train.txt') as lines:
        paths = [f'{videos}/videos/{line.split()[0]}'
                 for line in list(lines)[::8]]
    sample = dict(type='SpeedPairedSampleFrames', clip_len=4)
    pack = dict(type='PackActionInputs', meta_keys=META)
    for path in paths:
        planes = run([
            dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
            dict(type='DeviceCrop', scale=size), pack], path)  # yapf: disable
        host = run([
            dict(type='DecordOpen'), sample, dict(type='DecordDecodeInOrder'),
            dict(type='Resize', scale=size, keep_ratio=False),
            dict(type='FormatShape', input_format='NCTHW'), pack
        ], path)
        assert planes.shape == host.shape == (2, 3, 4, *size[::-1])
        assert (planes - host).abs().mean() < 3
        luma = torch.tensor([0.299, 0.587, 0.114])
        differences = torch.einsum('c,nctij->ntij', luma, planes - host).abs()
        assert differences.mean(dim=(2, 3)).max() < 2


def test_greys_agree_to_two_levels_everywhere(tmp_path):
    path = render(tmp_path / 'grey.mp4')
    pack = dict(type='PackActionInputs', meta_keys=META)
    sample = dict(type='SampleFrames', clip_len=6, num_clips=3, test_mode=True)
    planes = run([
        dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
        dict(type='DeviceCrop', scale=(32, 32)), pack], str(path))
    host = run([
        dict(type='DecordOpen'), sample, dict(type='DecordDecodeInOrder'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'), pack], str(path))
    assert (planes - host).abs().max() <= 2
    assert torch.unique(host).numel() > 10
