import cv2
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from ascnet_mm import InputError
from ascnet_mm.models.data_preprocessor import (
    ClipDataPreprocessor,
    GaussianBlur,
    cut_clip,
    yuv_to_rgb,
)
from ascnet_mm.yuv420 import ColorCoding, Yuv420


def planes(length=3, height=20, width=28, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        0, 256, (length, height * 3 // 2, width), dtype=torch.uint8,
        generator=generator)


@pytest.mark.parametrize('crop', [(0, 0, 28, 20), (4, 6, 12, 10),
                                  (26, 18, 2, 2)])
@pytest.mark.parametrize('flip', [False, True])
def test_crop_resize_and_flip_are_those_of_opencv(crop, flip):
    clip = planes()
    found = cut_clip(clip, crop, flip, (18, 16), (0.5, 0.5))
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
    found = cut_clip(clip, (0, 0, 28, 20), False, size[::-1], siting)
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
            yuv = cut_clip(clips[c], of.crops[c], of.flips[c], of.scale,
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


def test_blur_spreads_a_point_by_the_kernel():
    clip = torch.zeros(3, 2, 15, 15)
    clip[1, 0, 7, 7] = 1
    found = GaussianBlur.apply(clip, 1.3)
    reach = np.arange(-4, 5)
    kernel = np.exp(-reach**2 / (2 * 1.3**2))
    kernel /= kernel.sum()
    np.testing.assert_allclose(
        found[1, 0, 3:12, 3:12], np.outer(kernel, kernel), atol=1e-6)
    assert found.sum().item() == pytest.approx(1) and not found[0].any()
    flat = GaussianBlur.apply(torch.full((3, 1, 4, 5), 7.), 2.)
    torch.testing.assert_close(flat, torch.full((3, 1, 4, 5), 7.))


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
