import itertools
import random
from types import SimpleNamespace

import av
import decord
import numpy as np
import pytest
import torch
from av.video.reformatter import ColorRange, Colorspace
from mmaction.datasets.transforms import RandomResizedCrop
from mmaction.registry import MODELS, TRANSFORMS

from ascnet_mm import InputError
from ascnet_mm.datasets import (
    DecodeFrames,
    DecodePlanes,
    OpenVideo,
    SampleCrops,
)
from ascnet_mm.models.data_preprocessor import yuv_to_rgb
from ascnet_mm.yuv420 import ColorCoding

from .video.test_reader import render

PACK = dict(type='PackClips')
BT2020 = 9  # PyAV names it since 18


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
        **dict(planes=stored, height=height, width=width, side_data={},
               format=SimpleNamespace(name='yuv420p'), colorspace=2,
               color_range=0), **options})  # yapf: disable


class Reader:

    def __init__(self, frames):
        self.all, self.closed = frames, False

    def frames(self, indices):
        return (self.all[index] for index in indices)

    def chroma_siting(self, frame):
        return 0., 0.5

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


def matrix(*numbers):
    """A display matrix: a, b, c, d, in FFmpeg's layout."""
    a, b, c, d = (round(number * 2**16) for number in numbers)
    data = np.array([a, b, 0, c, d, 0, 0, 0, 2**30], np.int32)
    return dict(DISPLAYMATRIX=data.tobytes())


@pytest.mark.parametrize('numbers, upright', [
    ((1, 0, 0, 1), lambda p: p),
    ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
    ((0, -1, 1, 0), lambda p: np.rot90(p)),
    ((-1, 0, 0, -1), lambda p: np.rot90(p, 2)),
    ((-1, 0, 0, 1), np.fliplr),
    ((1, 0, 0, -1), np.flipud),
    ((0, 1, 1, 0), np.transpose),
    ((0, -1, -1, 0), lambda p: np.rot90(p, 2).T),
    ((0.8, 0.6, -0.6, 0.8), lambda p: p),  # 37 degrees: none
    ((1.5, 0, 0, 0.5), lambda p: p)  # stretched: not
])
def test_planes_are_copied_upright(numbers, upright):
    planes = random_planes(6, 10)
    found = decode([frame_of(planes, side_data=matrix(*numbers))], [0, 0])
    assert found['imgs'].shape[:2] == (1, 2)
    for plane, part in zip(planes, unpack(found['imgs'][0, 1])):
        np.testing.assert_array_equal(part, upright(plane))
    assert found['img_shape'] == upright(planes[0]).shape


def drawing(width=48, height=32):
    """A picture without any symmetry, in quarters of flat colors."""
    picture = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 4
    for part, color in ((np.s_[:top, :left], (200, 40, 40)),
                        (np.s_[:top, left:], (40, 200, 40)),
                        (np.s_[top:, :left], (40, 40, 200)),
                        (np.s_[top:, left:], (180, 180, 60))):
        picture[part] = color
    return picture


def write_video(path, picture, frames=3, codec='libx264', pixels='yuv420p',
                rotation=0, mirrored=False, params=None, rate=10,
                **context):
    with av.open(str(path), 'w') as out:
        stream = out.add_stream(codec, rate=rate)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pixels
        if codec == 'libx264':
            stream.options = {'crf': '1'}
        else:
            stream.bit_rate = 8_000_000
        if params:
            stream.options = {**stream.options, 'x264-params': params}
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for _ in range(frames):
            frame = av.VideoFrame.from_ndarray(picture, 'rgb24').reformat(
                format=pixels,
                dst_colorspace=context.get('colorspace', Colorspace.ITU601),
                dst_color_range=context.get('color_range', ColorRange.MPEG))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return str(path)


def rgb_of(path, indices=(0, )):
    """Both ways to RGB: MMAction2's list of frames, and the device's."""
    results = OpenVideo().transform(dict(filename=str(path)))
    results['frame_inds'] = np.array(indices)
    frames = DecodeFrames().transform(results)
    sample = dict(type='SampleFrames', clip_len=1, test_mode=True)
    height, width = frames['img_shape']
    size = width // 2 * 2, height // 2 * 2
    planes = run([
        dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
        dict(type='SampleCrops', scale=size),
        PACK], str(path))
    return frames, planes[0, :, 0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
@pytest.mark.parametrize('pixels', ['yuv420p', 'yuv422p', 'yuv444p'])
def test_phones_videos_are_upright_in_both_ways(pixels, rotation, mirrored,
                                                tmp_path):
    picture = drawing()
    path = write_video(tmp_path / 'x.mp4', picture, pixels=pixels,
                       rotation=rotation, mirrored=mirrored)
    # What the file asks for: a turn, and a mirror after it.
    expected = np.rot90(picture, rotation // 90)
    expected = expected[:, ::-1] if mirrored else expected
    frames, planes = rgb_of(path)
    assert frames['img_shape'] == frames['original_shape']
    assert frames['imgs'][0].shape == expected.shape == planes.shape
    for found in (frames['imgs'][0], planes):
        # Chroma runs over the borders; wrong sides are fifty levels off.
        assert np.abs(found - expected.astype(float)).mean() < 5


@pytest.mark.parametrize('pixels', ['yuv420p', 'yuv422p', 'yuv444p',
                                    'yuv420p10le', 'yuv444p10le'])
@pytest.mark.parametrize('matrix', [Colorspace.ITU601, Colorspace.ITU709,
                                    BT2020])
@pytest.mark.parametrize('levels', [ColorRange.MPEG, ColorRange.JPEG])
def test_colors_are_exact_in_both_ways(pixels, matrix, levels, tmp_path):
    """Flat ones, to the rounding of 8 bits per plane."""
    for color in ((200, 40, 40), (30, 180, 90), (90, 60, 220)):
        picture = np.full((32, 48, 3), color, np.uint8)
        path = write_video(
            tmp_path / 'x.mp4', picture, pixels=pixels,
            colorspace=matrix, color_range=levels)
        frames, planes = rgb_of(path)
        assert np.abs(frames['imgs'][0] - np.float64(color)).max() <= 3
        assert np.abs(planes - np.float64(color)).max() <= 4
        assert np.abs(frames['imgs'][0] - planes).max() <= 4


def edges(width=64, height=48):
    """Colors of one luma that meet in steps."""
    picture = np.full((height, width, 3), (150, 60, 60), np.uint8)
    for left in range(9, width, 11):
        picture[:, left:left + 5] = (40, 110, 90)
    picture[21:32] = (70, 90, 130)
    return picture


@pytest.mark.parametrize('name, options', [
    *[('x.mp4', {'x264-params': f'chromaloc={place}'}) for place in range(6)],
    ('x.mpg', dict(codec='mpeg2video')), ('x.mpg', dict(codec='mpeg1video')),
    ('x.avi', dict(codec='mjpeg', pixels='yuvj420p')),
    ('x.webm', dict(codec='libvpx-vp9')),
    *[('x.mp4', dict(rotation=turn, mirrored=mirrored))
      for turn in (0, 90, 180, -90) for mirrored in (False, True)]])
def test_colors_lie_where_the_file_says_in_both_ways(
        name, options, tmp_path):
    """What FFmpeg's scaler makes of the file, and what we make of its planes.
    """
    params = options.pop('x264-params', None)
    path = write_video(tmp_path / name, edges(), frames=1, rate=25,
                       params=params, **options)
    frames, planes = rgb_of(path)
    found = frames['imgs'][0].astype(float)
    assert np.abs(np.diff(found, axis=1)).max() > 20
    # Half a pixel off is 12 levels.
    assert np.abs(found - planes).max() < 4


@pytest.mark.parametrize('pixels', ['yuv422p', 'yuv444p', 'yuv420p10le'])
def test_colors_that_are_converted_do_not_move(pixels, tmp_path):
    """A slope of colors, five levels a pixel, is one in both ways."""
    ramp = np.arange(48) * 5
    picture = np.stack(np.broadcast_arrays(
        200 - ramp[None] // 2, 60 + ramp[:32, None] // 2, 20 + ramp[None]), 2)
    path = write_video(tmp_path / 'x.mp4', picture.astype(np.uint8), frames=1,
                       pixels=pixels)
    frames, planes = rgb_of(path)
    inside = np.s_[4:-4, 4:-4]
    difference = (frames['imgs'][0].astype(float) - planes)[inside]
    assert np.abs(difference.mean((0, 1))).max() < 1


@pytest.mark.parametrize('matrix', [Colorspace.ITU601, Colorspace.ITU709])
def test_ten_bits_keep_their_matrix_and_their_edges(matrix, tmp_path):
    """By way of RGB, chroma would be blurred twice."""
    path = write_video(tmp_path / 'x.mp4', drawing(), pixels='yuv420p10le',
                       colorspace=matrix)
    frames, planes = rgb_of(path)
    assert np.abs(frames['imgs'][0].astype(float) - planes).max() <= 4


def test_flat_colors_are_the_formulas_to_half_a_level():
    rng = np.random.default_rng(0)
    for bt709, full in ((False, False), (True, False), (False, True)):
        for _ in range(30):
            levels = rng.integers(16, 236, 3)
            frame = av.VideoFrame(32, 16, 'yuv420p')
            for plane, level in zip(frame.planes, levels):
                plane.update(bytes([level]) * plane.buffer_size)
            frame.colorspace = 1 if bt709 else 5
            frame.color_range = 2 if full else 1
            found = read_frames([frame], [0])['imgs'][0]
            color, offset = yuv_to_rgb(bt709, full)
            column = torch.tensor(levels)[:, None].float()
            rgb = (255 * (color @ column + offset)).clamp(0, 255)[:, 0]
            assert np.abs(found - rgb.numpy()).max() < 0.6


def read_frames(frames, indices):
    return DecodeFrames().transform(
        dict(video_reader=Reader(frames), frame_inds=np.array(indices)))


def test_frames_come_in_their_order_and_share_no_memory(tmp_path):
    """MMAction2's ``Flip`` writes into them."""
    path = render(tmp_path / 'x.mp4', frames=10)
    results = OpenVideo().transform(dict(filename=path))
    wanted = [7, 2, 3, 3, 7, 0]
    results['frame_inds'] = np.array(wanted)
    imgs = DecodeFrames().transform(results)['imgs']
    assert [round((img.mean() - 20) / 4) for img in imgs] == wanted
    imgs[0][:] = 0
    assert imgs[4].mean() > 40


def test_the_frames_are_decords(videos):
    path = f'{videos}/videos/striped_disc_shifts/0000.mp4'
    wanted = np.array([20, 22, 24, 17, 18, 20])
    results = OpenVideo().transform(dict(filename=path))
    assert results['total_frames'] == len(decord.VideoReader(path))
    results['frame_inds'] = wanted
    ours = np.stack(DecodeFrames().transform(results)['imgs']).astype(int)
    theirs = decord.VideoReader(path).get_batch(wanted).asnumpy()
    # Its scaler is up to three levels off, and repeats chroma.
    assert np.abs(ours - theirs).mean() < 2.5
    for frame, other in zip(ours, theirs):
        distances = [np.abs(frame - one).mean() for one in theirs]
        assert np.abs(frame - other).mean() == min(distances)


def test_rare_formats_and_matrices_are_read():
    plain = av.VideoFrame.from_ndarray(drawing(), 'rgb24')
    for pixels in ('yuv440p10le', 'yuv440p12le', 'yuv410p'):
        frame = plain.reformat(format=pixels)
        found = read_frames([frame], [0])['imgs'][0]
        assert np.abs(found - drawing().astype(int)).mean() < 12, pixels
    for matrix in (3, 8, 14):  # the scaler knows none of them
        frame = plain.reformat(format='yuv420p')
        frame.colorspace = matrix
        assert read_frames([frame], [0])['imgs'][0].shape == (32, 48, 3)
        assert decode([frame], [0])['imgs'].shape == (1, 1, 48, 48)


def test_pictures_that_change_their_size_keep_the_first(tmp_path):
    large, small = (av.VideoFrame.from_ndarray(drawing(w, h), 'rgb24')
                    .reformat(format='yuv420p')
                    for w, h in ((48, 32), (24, 16)))
    imgs = read_frames([large, small], [0, 1])['imgs']
    assert imgs[0].shape == imgs[1].shape == (32, 48, 3)
    assert np.abs(imgs[0] - imgs[1].astype(int)).mean() < 15
    planes = decode([large, small], [0, 1])['imgs'][0].astype(int)
    assert np.abs(planes[0] - planes[1]).mean() < 15


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
    assert found['color_coding'][:2] == (bt709, full)


CODING = ColorCoding(False, False, (0., 0.5))


def of_size(height, width, clips=2):
    return dict(img_shape=(height, width), num_clips=clips,
                color_coding=CODING)


def test_crops_are_mmaction2s_on_even_pixels():
    transform = SampleCrops((112, 112), area_range=(0.4, 1.0), flip_ratio=0.5)
    for seed in range(20):
        for number in (random, np.random):
            number.seed(seed)
        found = transform.transform(of_size(128, 170))
        for number in (random, np.random):
            number.seed(seed)
        for left, top, width, height in found['yuv420'].crops:
            box = RandomResizedCrop.get_crop_bbox(
                (128, 170), (0.4, 1.0), (3 / 4, 4 / 3))
            assert np.abs(np.array([left, top, left + width, top + height]) -
                          box).max() < 2 + 1e-9
            assert not any(v % 2 for v in (left, top, width, height))
            assert left + width <= 170 and top + height <= 128
    flips = [transform.transform(of_size(64, 64))['yuv420'].flips
             for _ in range(200)]
    assert 0.4 < np.mean(flips) < 0.6 and {f[0] == f[1] for f in flips} == {
        True, False}
    whole = SampleCrops((8, 8)).transform(of_size(6, 4, clips=1))['yuv420']
    assert whole.crops == ((0, 0, 4, 6), ) and whole.flips == (False, )
    assert whole.scale == (8, 8) and whole.coding == CODING
    with pytest.raises(InputError, match='scale'):
        SampleCrops((8, ))


def test_all_clips_of_a_video_may_be_cut_alike():
    transform = SampleCrops((8, 8), area_range=(0.4, 1.0), flip_ratio=0.5,
                            per_clip=False)
    drawn = [transform.transform(of_size(128, 170, clips=3))['yuv420']
             for _ in range(20)]
    for found in drawn:
        assert len(found.crops) == len(found.flips) == 3
        assert len(set(found.crops)) == len(set(found.flips)) == 1
    assert len({found.crops for found in drawn}) > 10
    assert {found.flips[0] for found in drawn} == {True, False}


def run(pipeline, path, seed=0, siting=None):
    np.random.seed(seed)
    random.seed(seed)
    results = dict(filename=path, start_index=0, sample_seed=0, label=0,
                   modality='RGB')
    for transform in pipeline:
        results = TRANSFORMS.build(transform).transform(results)
    sample = results['data_samples']
    if siting:
        coding = sample.yuv420.coding._replace(siting=siting)
        sample.set_metainfo(dict(yuv420=sample.yuv420._replace(coding=coding)))
    preprocessor = MODELS.build(
        dict(type='ClipDataPreprocessor', mean=[0] * 3, std=[1] * 3))
    batch, _ = preprocessor.preprocess([results['inputs']],
                                       [results['data_samples']])
    return batch[0]


@pytest.mark.parametrize('size', [(40, 56), (64, 64), (20, 30)])
def test_mmaction2s_transforms_give_the_same_clips(videos, size):
    """In luma to two levels on average, decoded by decord. In color, which
    decord's fast path repeats where it lies between two pixels, decoded by
    us.
    """
    with open(f'{videos}/train.txt') as lines:
        paths = [f'{videos}/videos/{line.split()[0]}'
                 for line in list(lines)[::8]]
    sample = dict(type='SpeedPairedSampleFrames', clip_len=4)
    for path in paths:
        planes = run([
            dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
            dict(type='SampleCrops', scale=size), PACK], path)  # yapf: disable
        theirs = run([
            dict(type='DecordInit'), sample, dict(type='DecordDecode'),
            dict(type='Resize', scale=size, keep_ratio=False),
            dict(type='FormatShape', input_format='NCTHW'), PACK
        ], path)
        assert planes.shape == theirs.shape == (2, 3, 4, *size[::-1])
        ours = run([
            dict(type='OpenVideo'), sample, dict(type='DecodeFrames'),
            dict(type='Resize', scale=size, keep_ratio=False),
            dict(type='FormatShape', input_format='NCTHW'), PACK
        ], path)
        assert (planes - ours).abs().mean() < 1
        # decord takes colors as if they lay in the middle.
        middle = run([
            dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
            dict(type='SampleCrops', scale=size), PACK], path,
            siting=(0.5, 0.5))  # yapf: disable
        assert (middle - theirs).abs().mean() < 3
        luma = torch.tensor([0.299, 0.587, 0.114])
        differences = torch.einsum(
            'c,nctij->ntij', luma, planes - theirs).abs()
        assert differences.mean(dim=(2, 3)).max() < 2


def test_grays_agree_to_two_levels_everywhere(tmp_path):
    path = render(tmp_path / 'gray.mp4')
    sample = dict(type='SampleFrames', clip_len=6, num_clips=3, test_mode=True)
    planes = run([
        dict(type='OpenVideo'), sample, dict(type='DecodePlanes'),
        dict(type='SampleCrops', scale=(32, 32)), PACK], str(path))
    theirs = run([
        dict(type='DecordInit'), sample, dict(type='DecordDecode'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'), PACK], str(path))
    assert (planes - theirs).abs().max() <= 2
    assert torch.unique(theirs).numel() > 10


def test_joined_recordings_are_each_converted_by_their_own_coding(tmp_path):
    """The range, where FFmpeg's decoder notices that it changes."""
    color = np.array((200, 60, 90), np.uint8)
    picture = np.full((32, 48, 3), color)
    parts = []
    for matrix in (Colorspace.ITU601, Colorspace.ITU709):
        for levels in (ColorRange.MPEG, ColorRange.JPEG):
            path = tmp_path / f'{len(parts)}.ts'
            write_video(path, picture, colorspace=matrix, color_range=levels)
            parts.append(path.read_bytes())
    path = tmp_path / 'joined.ts'
    right = 0
    for first, second in itertools.product(parts, repeat=2):
        path.write_bytes(first + second)
        frames, _ = rgb_of(path, (0, 4))
        planes = run([
            dict(type='OpenVideo'),
            dict(type='SampleFrames', clip_len=6, test_mode=True),
            dict(type='DecodePlanes'),
            dict(type='SampleCrops', scale=(48, 32)), PACK], str(path))
        for frame, index in zip(frames['imgs'], (0, 4)):
            found = planes[0, :, index].permute(1, 2, 0).numpy()
            assert np.abs(found - frame).max() <= 4
        right += np.abs(frame - color.astype(float)).max() <= 4
    assert right == 14  # not where full range becomes limited alone


def save_gray_ramp(path, levels):
    """Save and return gray from 0 to 255, from the left to the right."""
    ramp = np.linspace(0, 255, 64).round().astype(np.uint8)
    stored = ramp if levels == ColorRange.JPEG else (
        16 + ramp / 255 * 219).round().astype(np.uint8)
    with av.open(path, 'w') as out:
        stream = out.add_stream('ffv1', rate=10)
        stream.height, stream.width, stream.pix_fmt = 32, 64, 'gray'
        stream.codec_context.color_range = levels
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(
                np.tile(stored, (32, 1)), 'gray')
            frame.color_range = levels
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return ramp


@pytest.mark.parametrize('levels', [ColorRange.MPEG, ColorRange.JPEG])
def test_gray_has_the_range_that_the_file_says(levels, tmp_path):
    """FFmpeg's scaler takes all of it for full range."""
    path = str(tmp_path / 'x.mkv')
    ramp = save_gray_ramp(path, levels)
    frames, planes = rgb_of(path)
    for found in (frames['imgs'][0], planes):
        assert np.abs(found - ramp[None, :, None].astype(float)).max() <= 2
