import colorsys

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from ascnet_mm import InputError
from ascnet_mm.models.data_preprocessor import (
    ClipDataPreprocessor,
    ColorJitter,
    FrameDifference,
    color,
)
from ascnet_mm.models.data_preprocessor.color import RGB_TO_YIQ

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
NEUTRAL = [1., 1., 1., 0., 0., 0.]


def samples(count):
    return [
        ActionDataSample(metainfo=dict(sample_seed=i)) for i in range(count)
    ]


def apply(clips, **changes):
    names = ['brightness', 'contrast', 'saturation', 'chroma_rotation',
             'gray', 'hue']
    parameters = torch.tensor(
        [[changes.get(n, v) for n, v in zip(names, NEUTRAL)]])
    pixels = clips.flatten(2)
    of_pixel, of_mean = ColorJitter.affine(parameters)
    rgb = (of_pixel @ pixels + of_mean @ pixels.mean(dim=2, keepdim=True)
           ).clamp(0, 1)
    ColorJitter.shift_hue_(rgb, parameters[:, -1].expand(len(clips)))
    return rgb.view_as(clips)


@pytest.fixture
def clips():
    generator = torch.Generator().manual_seed(0)
    # Far enough from 0 and 1 that nothing is cut.
    return 0.3 + 0.4 * torch.rand(2, 3, 4, 6, 6, generator=generator)


def luma(x):
    return (RGB_TO_YIQ[0].view(1, 3, 1, 1, 1) * x).sum(1, keepdim=True)


def test_each_change_is_its_formula(clips):
    gray = luma(clips)
    mean = gray.mean(dim=(2, 3, 4), keepdim=True)
    for changed, formula in (
        (apply(clips), clips),
        (apply(clips, brightness=1.2), 1.2 * clips),
        (apply(clips, contrast=0.6), 0.6 * clips + 0.4 * mean),
        (apply(clips, saturation=0.6), 0.6 * clips + 0.4 * gray),
        (apply(clips, gray=1.), gray.expand_as(clips)),
    ):
        torch.testing.assert_close(changed, formula, atol=1e-5, rtol=0)


def test_the_order_is_that_of_the_docstring(clips):
    changes = dict(brightness=1.1, contrast=0.7, saturation=0.8,
                   chroma_rotation=0.1, hue=0.1)  # yapf: disable
    in_turn = clips
    for name, value in changes.items():
        in_turn = apply(in_turn, **{name: value})
    torch.testing.assert_close(
        apply(clips, **changes), in_turn, atol=1e-5, rtol=0)
    # Gray has no hue that could move its luma.
    torch.testing.assert_close(
        apply(clips, gray=1., hue=0.4), luma(clips).expand_as(clips),
        atol=1e-5, rtol=0)


@pytest.mark.parametrize('shift', [-0.5, -0.37, -0.1, 0., 0.02, 0.4, 0.5])
def test_hue_is_shifted_in_hsv(shift):
    """As Python's own conversion does, at edges of the sectors, too."""
    steps = torch.tensor([0., 0.2, 0.5, 0.8, 1.])
    pixels = torch.cat([
        torch.cartesian_prod(steps, steps, steps),
        torch.rand(300, 3, generator=torch.Generator().manual_seed(0))
    ])
    expected = []
    for pixel in pixels.double().tolist():
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        expected.append(
            colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value))
    found = 255 * pixels.T[None].repeat(2, 1, 1)
    ColorJitter.shift_hue_(found, torch.tensor([shift, 0.]))
    np.testing.assert_allclose(found[0].T / 255, expected, atol=2e-6)
    torch.testing.assert_close(
        found[1], 255 * pixels.T, atol=5e-4, rtol=0)


def test_many_pixels_are_shifted_as_few_are(monkeypatch):
    clips = torch.rand(3, 3, 50)
    shifts = torch.tensor([0.1, -0.3, 0.5])
    at_once, in_parts = clips.clone(), clips.clone()
    ColorJitter.shift_hue_(at_once, shifts)
    monkeypatch.setattr(color, 'CPU_PIXELS', 20)
    ColorJitter.shift_hue_(in_parts, shifts)
    torch.testing.assert_close(in_parts, at_once)


def test_training_shifts_the_hue_that_was_drawn():
    """From bytes to bytes, beside a reference that knows no batch."""
    jitter = dict(hue=0.4, jitter_prob=0.5)
    preprocessor = ClipDataPreprocessor([0] * 3, [1] * 3, augmentation=jitter)
    clips = torch.randint(0, 256, (6, 2, 3, 2, 3, 3), dtype=torch.uint8)
    out = preprocessor(
        dict(inputs=list(clips), data_samples=samples(6)),
        training=True)['inputs']
    shifts = ColorJitter(**jitter).draw(range(6), 2)[..., -1]
    assert 0 < (shifts == 0).sum() < 12
    for clip, changed, shift in zip(
            clips.flatten(0, 1), out.flatten(0, 1), shifts.flatten().tolist()):
        hsv = [colorsys.rgb_to_hsv(*pixel)
               for pixel in (clip.flatten(1).T / 255).tolist()]
        expected = [colorsys.hsv_to_rgb((h + shift) % 1, s, v)
                    for h, s, v in hsv]
        np.testing.assert_allclose(
            changed.flatten(1).T, 255 * np.array(expected), atol=1e-3)


def test_chroma_rotation_keeps_the_luma(clips):
    turned = apply(clips, chroma_rotation=0.2)
    torch.testing.assert_close(luma(turned), luma(clips), atol=1e-5, rtol=0)
    back = apply(turned, chroma_rotation=-0.2)
    torch.testing.assert_close(back, clips, atol=1e-5, rtol=0)
    half = apply(clips, chroma_rotation=0.5)
    expected = [
        colorsys.yiq_to_rgb(y, -i, -q)
        for y, i, q in (colorsys.rgb_to_yiq(*p)
                        for p in clips[0].flatten(1).T.tolist())
    ]
    # colorsys rounds the matrix to three digits
    np.testing.assert_allclose(
        half[0].flatten(1).T, np.clip(expected, 0, 1), atol=0.02)


def test_draws_come_from_the_seed_and_keep_to_their_ranges():
    jitter = ColorJitter(0.4, 0.3, 0.2, 0.1, jitter_prob=0.8, gray_prob=0.25,
                         chroma_rotation=0.5)  # yapf: disable
    drawn = jitter.draw(range(4000), 2)
    assert drawn.shape == (4000, 2, 6)
    assert torch.equal(drawn[:10], jitter.draw(range(10), 2))
    low, high = drawn.flatten(0, 1).min(0).values, drawn.flatten(
        0, 1).max(0).values
    for index, middle, reach in zip(
        (0, 1, 2, 3, 5), (1, 1, 1, 0, 0), (0.4, 0.3, 0.2, 0.5, 0.1)):
        assert low[index].item() == pytest.approx(middle - reach, abs=0.005)
        assert high[index].item() == pytest.approx(middle + reach, abs=0.005)
    untouched = (drawn == torch.tensor(NEUTRAL))[..., [0, 1, 2, 3, 5]].all(-1)
    assert untouched.float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert drawn[..., 4].mean().item() == pytest.approx(0.25, abs=0.02)
    # the two clips of a sample are drawn apart
    assert (drawn[:, 0] != drawn[:, 1]).any(-1).float().mean() > 0.9


def test_normalizes_and_leaves_test_clips_alone():
    preprocessor = ClipDataPreprocessor(
        MEAN, STD, augmentation=dict(brightness=0.4, gray_prob=1.))
    clips = torch.randint(0, 256, (3, 2, 3, 4, 6, 6), dtype=torch.uint8)
    data = dict(inputs=list(clips), data_samples=samples(3))
    out = preprocessor(dict(data), training=False)['inputs']
    mean, std = (torch.tensor(v).view(3, 1, 1, 1) for v in (MEAN, STD))
    torch.testing.assert_close(out, (clips - mean) / std)
    assert out[:, 0].is_contiguous()
    trained = preprocessor(dict(data), training=True)['inputs'] * std + mean
    assert trained.std(dim=2).max() < 1e-3  # gray
    assert (trained - clips).abs().max() > 1


def test_the_frames_of_a_clip_change_alike():
    preprocessor = ClipDataPreprocessor(
        MEAN, STD, augmentation=dict(brightness=0.4, hue=0.4))
    frame = torch.randint(0, 256, (1, 2, 3, 1, 6, 6), dtype=torch.uint8)
    clips = frame.expand(-1, -1, -1, 5, -1, -1)
    out = preprocessor(
        dict(inputs=list(clips), data_samples=samples(1)),
        training=True)['inputs']
    torch.testing.assert_close(out[:, :, :, :1].expand_as(out), out)
    assert not torch.allclose(out[:, 0], out[:, 1])


def test_autocast_leaves_the_colors_alone():
    preprocessor = ClipDataPreprocessor(
        MEAN, STD, augmentation=dict(brightness=0.4, hue=0.4))
    clips = torch.randint(0, 256, (2, 2, 3, 4, 6, 6), dtype=torch.uint8)
    data = dict(inputs=list(clips), data_samples=samples(2))
    single = preprocessor(dict(data), training=True)['inputs']
    with torch.autocast('cpu', torch.bfloat16):
        inside = preprocessor(dict(data), training=True)['inputs']
    assert torch.equal(single, inside)


def test_unreadable_samples_have_no_clips():
    preprocessor = ClipDataPreprocessor(MEAN, STD)
    clips = torch.zeros(2, 3, 4, 6, 6, dtype=torch.uint8)
    out = preprocessor(dict(inputs=[None, clips], data_samples=samples(2)))
    assert out['inputs'].shape == (1, 2, 3, 4, 6, 6)
    assert len(out['data_samples']) == 2
    assert preprocessor(
        dict(inputs=[None], data_samples=samples(1)))['inputs'] is None


@pytest.mark.parametrize('training', [True, False])
def test_the_callers_clips_are_left_alone(training):
    clips = torch.rand(1, 1, 3, 4, 6, 6)
    before = clips.clone()
    ClipDataPreprocessor(MEAN, STD)(
        dict(inputs=clips, data_samples=samples(1)), training)
    assert torch.equal(clips, before)


@pytest.mark.parametrize('options', [
    dict(augmentation=dict(brightness=0.4)),
    dict(blur=dict(sigma=(0.1, 2.))), {}])
def test_a_plain_clip_that_is_not_there_is_named(options):
    preprocessor = ClipDataPreprocessor(
        MEAN, STD, plain_clips=(2, ), **options)
    clips = torch.zeros(1, 2, 3, 4, 6, 6, dtype=torch.uint8)
    with pytest.raises(InputError, match=r'plain_clips=\[2\].* 2 clips'):
        preprocessor(dict(inputs=clips, data_samples=samples(1)), True)


def test_strengths_out_of_range_are_refused():
    with pytest.raises(InputError, match='hue must lie in'):
        ClipDataPreprocessor(MEAN, STD, augmentation=dict(hue=0.7))


def differences(clip):
    """Of each frame and the next; the last one twice."""
    changes = [clip[:, t + 1] - clip[:, t] for t in range(clip.shape[1] - 1)]
    return torch.stack(changes + changes[-1:], dim=1)


def of_batch(training, count=40, **options):
    """A batch with and without an option: B samples of two clips."""
    generator = torch.Generator().manual_seed(0)
    clips = [torch.randint(256, (2, 3, 4, 5, 5), generator=generator).byte()
             for _ in range(count)]
    batches = []
    for more in ({}, options):
        preprocessor = ClipDataPreprocessor(
            MEAN, STD, augmentation=dict(brightness=0.4), **more)
        batches.append(preprocessor(
            dict(inputs=clips, data_samples=samples(count)),
            training)['inputs'])
    return batches


@pytest.mark.parametrize('training', [True, False])
def test_differences_of_normalized_frames_are_the_input(training):
    frames, found = of_batch(training, difference=dict(prob=1.))
    for before, after in zip(frames.flatten(0, 1), found.flatten(0, 1)):
        torch.testing.assert_close(after, differences(before))


def test_some_clips_of_training_are_differences():
    """By the samples' seeds, each clip for itself, and none in testing."""
    frames, found = of_batch(True, difference=dict(prob=0.4))
    chosen = []
    for before, after in zip(frames.flatten(0, 1), found.flatten(0, 1)):
        chosen.append(not torch.equal(before, after))
        if chosen[-1]:
            torch.testing.assert_close(after, differences(before))
    assert 20 < sum(chosen) < 44
    assert any(one != other for one, other in zip(chosen[::2], chosen[1::2]))
    again = of_batch(True, count=5, difference=dict(prob=0.4))[1]
    assert torch.equal(again, found[:5])
    assert torch.equal(*of_batch(False, difference=dict(prob=0.4)))


def test_a_single_frame_has_no_difference():
    found = FrameDifference.apply(
        torch.rand(2, 3, 1, 4, 4), torch.tensor([True, True]))
    assert not found.any()


def test_a_probability_beyond_1_is_refused():
    with pytest.raises(InputError, match='difference: prob'):
        ClipDataPreprocessor(MEAN, STD, difference=dict(prob=1.5))


def test_plain_clips_are_not_differenced():
    clips = torch.arange(4.).view(1, 1, 4, 1, 1).expand(2, 3, 4, 8, 8)
    samples = [ActionDataSample(metainfo=dict(sample_seed=seed))
               for seed in range(20)]
    preprocess = ClipDataPreprocessor(
        [0] * 3, [1] * 3, plain_clips=(1, ), difference=dict(prob=0.5))
    shown = preprocess(
        dict(inputs=[clips.clone() for _ in samples], data_samples=samples),
        training=True)['inputs']
    changed = (shown != clips).flatten(2).any(dim=2)
    assert 0 < changed[:, 0].sum() < 20 and not changed[:, 1].any()
    with pytest.raises(InputError, match=r'prob=1 .* the clips \[1\]'):
        ClipDataPreprocessor(MEAN, STD, plain_clips=(1, ),
                             difference=dict(prob=1.))
