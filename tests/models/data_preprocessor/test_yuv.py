import colorsys
from contextlib import nullcontext

import cv2
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ascnet_mm import InputError
from ascnet_mm.models.data_preprocessor import (
    ClipDataPreprocessor,
    ColorJitter,
    GaussianBlur,
    resize,
    sample_positions,
    yuv_to_rgb,
)
from ascnet_mm.models.data_preprocessor.color import RGB_TO_YIQ
from ascnet_mm.yuv420 import ColorCoding, Yuv420, cut_planes


def planes(length=3, height=20, width=28, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        0, 256, (length, height * 3 // 2, width), dtype=torch.uint8,
        generator=generator)


def cut_and_resized(clips, cuts):
    """Planes ``[B, clips, T, 3, h, w]``, beside what must not be sampled."""
    batch = cut_planes(
        clips, cuts, lambda shape: torch.full(shape, 255, dtype=torch.uint8))
    found = resize(batch.transpose(0, 1), **sample_positions(cuts))
    return found.unflatten(0, (-1, len(cuts))).transpose(0, 1).transpose(2, 3)


def resized(clip, crop, flip, scale, siting):
    """One clip, ``[T, 3, h, w]``."""
    coding = ColorCoding(False, False, siting)
    return cut_and_resized(
        [clip[None]], [Yuv420((crop, ), (flip, ), scale, coding)])[0, 0]


@pytest.mark.parametrize('crop', [(0, 0, 28, 20), (4, 6, 12, 10),
                                  (26, 18, 2, 2)])
@pytest.mark.parametrize('flip', [False, True])
def test_crop_resize_and_flip_are_those_of_opencv(crop, flip):
    clip = planes()
    found = resized(clip, crop, flip, (18, 16), (0.5, 0.5))
    assert found.shape == (3, 3, 16, 18)
    left, top, width, height = crop
    for frame, out in zip(clip.numpy(), found):
        chroma = frame[20:].reshape(2, 10, 14)
        parts = [frame[top:top + height, left:left + width]] + [
            part[top // 2:(top + height) // 2, left // 2:(left + width) // 2]
            for part in chroma
        ]
        for part, channel in zip(parts, out):
            expected = cv2.resize(part.astype(np.float32), (18, 16))
            np.testing.assert_allclose(
                channel, expected[:, ::-1] if flip else expected, atol=1e-3)


@pytest.mark.parametrize('siting', [(0, 0.5), (0.5, 0.5), (0, 0), (0.5, 1),
                                    (1, 0.5)])
@pytest.mark.parametrize('size', [(20, 28), (17, 45), (6, 8)])
def test_chroma_is_taken_from_where_it_lies(siting, size):
    """Each pixel between the samples that lie beside it."""
    clip = planes()
    found = resized(clip, (0, 0, 28, 20), False, size[::-1], siting)
    chroma = clip[:, 20:].reshape(3, 2, 10, 14).double().numpy()
    for axis, whole, length, offset in ((2, 20, size[0], siting[1]),
                                        (3, 28, size[1], siting[0])):
        pixels = (np.arange(length) + 0.5) * whole / length - 0.5
        samples = offset + 2 * np.arange(whole // 2)
        chroma = np.apply_along_axis(
            lambda line, p=pixels, s=samples: np.interp(p, s, line), axis,
            chroma)
    np.testing.assert_allclose(found[:, 1:], chroma, atol=5e-3)


@pytest.mark.parametrize('bt709, red, blue', [(False, 0.299, 0.114),
                                              (True, 0.2126, 0.0722)])
@pytest.mark.parametrize('full', [False, True])
def test_colors_are_those_that_were_encoded(bt709, red, blue, full):
    """By the definition of Y'CbCr in ITU-R BT.601 and BT.709."""
    rgb = torch.rand(3, 50, generator=torch.Generator().manual_seed(1))
    luma = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2]
    cb, cr = ((rgb[i] - luma) / (2 * (1 - k)) for i, k in ((2, blue),
                                                           (0, red)))
    yuv = torch.stack([
        255 * luma if full else 16 + 219 * luma,
        *(128 + (255 if full else 224) * c for c in (cb, cr))
    ])
    matrix, offset = yuv_to_rgb(bt709, full)
    torch.testing.assert_close(matrix @ yuv + offset, rgb, atol=1e-5, rtol=0)


def batch(count=2, **metainfo):
    inputs = [planes(seed=i).expand(2, -1, -1, -1) for i in range(count)]
    samples = [
        ActionDataSample(metainfo={
            'sample_seed': i,
            'yuv420': Yuv420(
                ((0, 0, 28, 20), (2, 4, 16, 12)), (False, True), (14, 10),
                ColorCoding(bool(i % 2), False, (0., 0.5))), **metainfo})
        for i in range(count)
    ]  # yapf: disable
    return inputs, samples


MEAN, STD = [120., 110., 100.], [60., 50., 40.]


def test_planes_become_normalized_rgb():
    inputs, samples = batch()
    out, _ = ClipDataPreprocessor(MEAN, STD).preprocess(inputs, samples)
    assert out.shape == (2, 2, 3, 3, 10, 14)
    for b, (clips, sample) in enumerate(zip(inputs, samples)):
        for c in range(2):
            of = sample.yuv420
            yuv = resized(clips[c], of.crops[c], of.flips[c], of.scale,
                          of.coding.siting)
            matrix, offset = yuv_to_rgb(*of.coding[:2])
            rgb = (torch.einsum('ij,tjhw->ithw', matrix, yuv) +
                   offset[:, :, None, None]).clamp(0, 1) * 255
            expected = (rgb - torch.tensor(MEAN).view(3, 1, 1, 1)
                        ) / torch.tensor(STD).view(3, 1, 1, 1)
            torch.testing.assert_close(
                out[b, c], expected, atol=1e-4, rtol=1e-4)


def test_colors_change_alike_from_planes_and_from_rgb():
    """Where nothing has to be cut at black or white."""
    inputs, samples = batch()
    muted = [torch.full_like(clips, 120) + clips // 32 for clips in inputs]
    jitter = dict(brightness=0.2, contrast=0.3, saturation=0.4, hue=0.1,
                  gray_prob=0.3)  # yapf: disable
    plain = ClipDataPreprocessor([0] * 3, [1] * 3)
    rgb, _ = plain.preprocess(muted, samples)
    changed = ClipDataPreprocessor([0] * 3, [1] * 3, augmentation=jitter)
    from_planes, _ = changed.preprocess(muted, samples, training=True)
    without = [ActionDataSample(metainfo=dict(sample_seed=i))
               for i in range(2)]
    from_rgb, _ = changed.preprocess(
        [clips.clone() for clips in rgb], without, training=True)
    assert not torch.allclose(from_planes, rgb, atol=1)
    torch.testing.assert_close(from_planes, from_rgb, atol=1e-2, rtol=1e-4)


def blurred(clips, sigmas):
    kernels = (GaussianBlur().kernels(np.array(sigmas), length)
               for length in clips.shape[-2:])
    return GaussianBlur.apply(clips, *kernels)


def test_blur_spreads_a_point_by_the_kernel():
    clip = torch.zeros(1, 3, 2, 15, 15)
    clip[0, 1, 0, 7, 7] = 1
    [found] = blurred(clip, [1.3])
    reach = np.arange(-4, 5)
    kernel = np.exp(-reach**2 / (2 * 1.3**2))
    kernel /= kernel.sum()
    np.testing.assert_allclose(
        found[1, 0, 3:12, 3:12], np.outer(kernel, kernel), atol=1e-6)
    assert found.sum().item() == pytest.approx(1) and not found[0].any()
    flat = torch.full((2, 3, 1, 4, 5), 7.)
    torch.testing.assert_close(blurred(flat, [2., 0.1]), flat)


def test_each_clip_is_blurred_by_its_own_kernel():
    """As alone, over mirrored edges; without blur it keeps its bits."""
    clips = 255 * torch.rand(3, 3, 2, 5, 17)
    sigmas = [0., 0.4, 1.9]
    found = blurred(clips, sigmas)
    assert torch.equal(found[0], clips[0])
    for clip, out, sigma in list(zip(clips, found, sigmas))[1:]:
        expected = clip.double().numpy()
        for axis in (2, 3):
            reach = min(int(np.ceil(3 * sigma)), clip.shape[axis] - 1)
            steps = np.arange(-reach, reach + 1)
            kernel = np.exp(-0.5 * (steps / sigma)**2)
            margins = [(0, 0)] * 4
            margins[axis] = (reach, reach)
            expected = np.apply_along_axis(
                np.convolve, axis,
                np.pad(expected, margins, mode='reflect'),
                kernel / kernel.sum(), mode='valid')
        np.testing.assert_allclose(out, expected, atol=1e-3)


def test_blur_is_drawn_per_clip_from_the_seed():
    blur = GaussianBlur(prob=0.5, sigma=(0.5, 1.5))
    drawn = blur.draw(range(400), 2)
    np.testing.assert_array_equal(drawn, blur.draw(range(400), 2))
    used = drawn[drawn > 0]
    assert 0.4 < (drawn > 0).mean() < 0.6
    assert 0.5 <= used.min() < 0.6 and 1.4 < used.max() <= 1.5
    inputs, samples = batch()
    sharp, _ = ClipDataPreprocessor(MEAN, STD).preprocess(inputs, samples)
    model = ClipDataPreprocessor(MEAN, STD, blur=dict(prob=0.5))
    test, _ = model.preprocess(inputs, samples)
    train, _ = model.preprocess(inputs, samples, training=True)
    assert torch.equal(test, sharp)
    sigmas = model.blur.draw([0, 1], 2)
    for b in range(2):
        for c in range(2):
            assert torch.equal(train[b, c], sharp[b, c]) == (
                sigmas[b, c] == 0)
    for bad in (dict(prob=2), dict(sigma=(0, 1)), dict(sigma=(2, 1))):
        with pytest.raises(InputError, match='blur'):
            GaussianBlur(**bad)


def test_planes_without_their_crops_are_refused():
    inputs, _ = batch()
    samples = [ActionDataSample(metainfo=dict(sample_seed=i))
               for i in range(2)]
    with pytest.raises(InputError, match='SampleCrops .* PackClips'):
        ClipDataPreprocessor(MEAN, STD).preprocess(inputs, samples)


SIZES = ((20, 28), (28, 20), (44, 60), (6, 8), (20, 28))
SCALE = (18, 16)


def mixed_batch():
    """Files of several sizes and codings; crops at corners and of a pixel."""
    clips, samples = [], []
    for index, (height, width) in enumerate(SIZES):
        crops = ((0, 0, width, height), (width - 4, height - 6, 4, 6),
                 (width - 2, 0, 2, 2))
        siting = [(0., 0.5), (0.5, 0.5), (0., 0.), (0.5, 1.)][index % 4]
        clips.append(torch.stack([
            planes(2, height, width, seed=3 * index + clip)
            for clip in range(len(crops))
        ]))
        samples.append(ActionDataSample(metainfo=dict(
            sample_seed=index, yuv420=Yuv420(
                crops, (index % 2 == 0, index % 3 == 0, True), SCALE,
                ColorCoding(index % 2 == 1, index % 3 == 1, siting)))))
    return clips, samples


def interpolated(picture, length, axis, shift=0.):
    """Between the pixels of an axis, whose edge goes on."""
    samples = picture.shape[axis]
    places = (np.arange(length) + 0.5) * samples / length - 0.5 + shift
    return np.apply_along_axis(
        lambda line: np.interp(places, np.arange(samples), line), axis,
        picture)


def expected_planes(clip, crop, flip, siting):
    """Y, U and V ``[T, 3, h, w]`` of one clip, in double precision."""
    (left, top, width, height), height_in = crop, clip.shape[1] * 2 // 3
    frames = []
    for frame in clip.double().numpy():
        luma, chroma = frame[:height_in], frame[height_in:].reshape(
            2, height_in // 2, -1)
        parts = [(luma[top:top + height, left:left + width], (0, 0))]
        parts += [(part[top // 2:(top + height) // 2,
                        left // 2:(left + width) // 2],
                   ((0.5 - siting[1]) / 2, (0.5 - siting[0]) / 2))
                  for part in chroma]
        frames.append([
            interpolated(interpolated(part, SCALE[1], 0, down), SCALE[0], 1,
                         across) for part, (down, across) in parts
        ])
    found = np.array(frames)
    return found[..., ::-1] if flip else found


def test_a_batch_is_cut_and_resized_as_its_samples_are():
    """Within 0.003 levels; beside a loop that knows no batch."""
    clips, samples = mixed_batch()
    cuts = [sample.yuv420 for sample in samples]
    found = cut_and_resized(clips, cuts)
    for sample, cut, outs in zip(clips, cuts, found):
        for clip, crop, flip, out in zip(sample, cut.crops, cut.flips, outs):
            np.testing.assert_allclose(
                out, expected_planes(clip, crop, flip, cut.coding.siting),
                atol=3e-3)


JITTER = dict(brightness=0.5, contrast=0.6, saturation=0.7, hue=0.4,
              gray_prob=0.4, chroma_rotation=0.3)  # yapf: disable
CHANGES = [{}, *({name: value} for name, value in JITTER.items()), JITTER]


def expected_colors(rgb, draw):
    """RGB ``[3, T, h, w]`` in 0 to 1 after each change in its turn."""
    brightness, contrast, saturation, turn, gray, shift = draw.tolist()
    luma = np.array([0.299, 0.587, 0.114])
    yiq = RGB_TO_YIQ.double().numpy()
    angle = 2 * np.pi * turn
    rotation = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)],
                         [0, np.sin(angle), np.cos(angle)]])

    def gray_of(rgb):
        return np.einsum('c,cthw->thw', luma, rgb)[None]

    rgb = brightness * rgb
    rgb = contrast * rgb + (1 - contrast) * gray_of(rgb).mean()
    rgb = saturation * rgb + (1 - saturation) * gray_of(rgb)
    rgb = np.einsum('ij,jthw->ithw',
                    np.linalg.inv(yiq) @ rotation @ yiq, rgb)
    if gray:
        rgb = np.repeat(gray_of(rgb), 3, axis=0)
    rgb = rgb.clip(0, 1)
    pixels = [colorsys.rgb_to_hsv(*pixel) for pixel in rgb.reshape(3, -1).T]
    return np.array([
        colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)
        for hue, saturation, value in pixels
    ]).T.reshape(rgb.shape)


@pytest.mark.parametrize('changes', CHANGES, ids=lambda c: '-'.join(c))
@pytest.mark.parametrize('of_planes', [True, False])
def test_a_batch_is_augmented_as_its_samples_are(of_planes, changes):
    """From bytes to bytes, beside a loop that knows no batch."""
    clips, samples = mixed_batch()
    if not of_planes:
        clips = [torch.randint(256, (3, 3, 2, 5, 4)).byte() for _ in samples]
    preprocessor = ClipDataPreprocessor(
        [0] * 3, [1] * 3, augmentation=changes or None)
    found, _ = preprocessor.preprocess(clips, samples, training=True)
    draws = ColorJitter(**changes).draw(range(len(samples)), 3)
    for sample, inputs, outs, row in zip(samples, clips, found, draws):
        for c, (clip, out, draw) in enumerate(zip(inputs, outs, row)):
            rgb = clip.double().numpy() / 255
            if of_planes:
                cut = sample.yuv420
                yuv = expected_planes(
                    clip, cut.crops[c], cut.flips[c], cut.coding.siting)
                matrix, offset = yuv_to_rgb(*cut.coding[:2])
                rgb = np.einsum(
                    'ij,tjhw->ithw', matrix, yuv) + offset.numpy()[..., None,
                                                                   None]
            if changes:
                rgb = expected_colors(rgb, draw)
            np.testing.assert_allclose(
                out, 255 * rgb.clip(0, 1), atol=0.02)


class Launches(TorchDispatchMode):
    """What a device has to do, and what is copied to it."""

    def __init__(self):
        super().__init__()
        self.kernels, self.copies = [], []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        tensors = [x for x in tree_leaves((args, kwargs, out))
                   if isinstance(x, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors}
        if 'meta' in devices and not func.is_view:
            self.kernels.append(func.__name__)
            if 'cpu' in devices:
                self.copies.append((kwargs or {}).get('non_blocking'))
        return out


@pytest.mark.parametrize('of_planes', [True, False])
def test_a_device_is_asked_for_little_and_not_waited_for(
        of_planes, monkeypatch):
    """One copy that nothing waits for, and as much for few as for many."""
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())
    preprocessor = ClipDataPreprocessor(
        MEAN, STD, augmentation=JITTER, blur=dict(prob=1.)).to('meta')
    shape = (2, 3, 30, 28) if of_planes else (2, 3, 3, 10, 14)
    launched = {}
    for count in (2, 9):
        _, samples = batch(count)
        inputs = torch.empty(
            count, *shape, dtype=torch.uint8, device='meta')
        with Launches() as launched[count]:
            out, _ = preprocessor.preprocess(inputs, samples, training=True)
        assert out.shape == (count, 2, 3, 3, 10, 14)
    few, many = launched.values()
    assert few.kernels == many.kernels and len(many.kernels) < 160
    assert few.copies == many.copies == [True]
