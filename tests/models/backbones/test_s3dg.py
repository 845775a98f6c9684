import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from ascnet_mm import InputError

# Channels and T x H x W of a 16 x 112 x 112 clip; GoogLeNet's channels.
STAGES = {
    'conv_1a': (64, 8, 56, 56),
    'conv_2c': (192, 8, 28, 28),
    'mixed_3b': (256, 8, 14, 14),
    'mixed_3c': (480, 8, 14, 14),
    'mixed_4b': (512, 4, 7, 7),
    'mixed_4e': (528, 4, 7, 7),
    'mixed_4f': (832, 4, 7, 7),
    'mixed_5b': (832, 2, 4, 4),
    'mixed_5c': (1024, 2, 4, 4),
}


def build(**options):
    return MODELS.build(dict(type='mmaction.S3DG', **options))


@pytest.fixture(scope='module')
def encoder():
    return build().eval()


def test_stages_have_the_shapes_of_the_paper(encoder):
    shapes = {}
    for name in STAGES:
        getattr(encoder, name).register_forward_hook(
            lambda _, __, out, name=name: shapes.update(
                {name: tuple(out.shape[1:])}))
    with torch.no_grad():
        encoder(torch.zeros(1, 3, 16, 112, 112))
    assert shapes == STAGES


def test_parameters(encoder):
    count = sum(p.numel() for p in encoder.parameters())
    assert round(count / 1e6, 2) == 8.68
    assert round((count + 1024 * 400 + 400) / 1e6, 2) == 9.09


def test_3d_kernels_are_factorized_and_gated(encoder):
    convs = [m for m in encoder.modules() if isinstance(m, nn.Conv3d)]
    kernels = [conv.kernel_size for conv in convs]
    assert kernels.count((1, 7, 7)) == kernels.count((7, 1, 1)) == 1
    # conv_2c, and two branches of nine blocks.
    assert kernels.count((1, 3, 3)) == kernels.count((3, 1, 1)) == 19
    gates = [conv for conv in convs if conv.bias is not None]
    assert len(gates) == 20
    # conv_2b, the gates, and four in each of nine blocks.
    assert kernels.count((1, 1, 1)) == 1 + 20 + 36
    assert len(kernels) == 2 * 20 + 57


def test_a_branch_is_two_convolutions_times_its_gate():
    block = build(base_channels=8).double().eval().mixed_3b
    layers = block.branch1
    with torch.no_grad():
        for norm in (m for m in layers.modules()
                     if isinstance(m, nn.BatchNorm3d)):
            norm.running_mean.normal_(std=0.1)
            norm.running_var.uniform_(0.5, 1.5)
        x = torch.randn(2, 24, 3, 5, 4, dtype=torch.float64)
        y = x
        state = layers.state_dict()
        for name, padding in (('0', (0, 0, 0)), ('1.spatial', (0, 1, 1)),
                              ('1.temporal', (1, 0, 0))):
            y = nn.functional.conv3d(
                y, state[f'{name}.conv.weight'], padding=padding)
            mean, var, weight, bias = (
                state[f'{name}.bn.{key}'][:, None, None, None]
                for key in ('running_mean', 'running_var', 'weight', 'bias'))
            y = ((y - mean) / (var + 1e-3).sqrt() * weight + bias).clamp(min=0)
        gate = torch.einsum('oi,ni->no', state['1.gate.weight'].flatten(1),
                            y.mean(dim=(2, 3, 4))) + state['1.gate.bias']
        expected = y / (1 + (-gate).exp())[..., None, None, None]
        torch.testing.assert_close(layers(x), expected)
        # The channels of branch 0 come first: 64 / 8.
        torch.testing.assert_close(block(x)[:, 8:8 + 16], expected)


def test_stem_strides():
    clip = torch.randn(1, 3, 5, 12, 12)
    ours = build(base_channels=4).conv_1a
    theirs = build(
        base_channels=4, stem_strides=[[2, 2, 2], [1, 1, 1]]).conv_1a
    assert ours.spatial(clip).shape[2] == 5
    assert theirs.spatial(clip).shape[2] == 3
    assert ours(clip).shape == theirs(clip).shape == (1, 4, 3, 6, 6)


@pytest.mark.parametrize('length', [1, 5, 16])
def test_without_strides_in_time_all_frames_are_kept(length):
    model = build(
        base_channels=4, stem_strides=((1, 2, 2), (1, 1, 1)),
        frame_strides=(1, 1, 1, 1)).eval()
    kept = []
    for layer in model.children():
        layer.register_forward_hook(
            lambda _, __, out: kept.append(out.shape[2]))
    with torch.no_grad():
        assert model(torch.zeros(1, 3, length, 64, 64)).shape == (
            1, 64, length, 2, 2)
    assert set(kept) == {length}


def test_frame_strides_are_those_of_the_pools():
    model = build(base_channels=4, frame_strides=[3, 1, 2, 4]).eval()
    lengths = {}
    for name, layer in model.named_children():
        layer.register_forward_hook(
            lambda _, __, out, name=name: lengths.update(
                {name: out.shape[2]}))
    with torch.no_grad():
        model(torch.zeros(1, 3, 48, 32, 32))
    assert [lengths[f'pool_{stage}a'] for stage in '2345'] == [8, 8, 4, 1]


@pytest.mark.parametrize('strides', [(1, 1, 2), (1, 1, 2, 0)])
def test_impossible_strides_are_refused(strides):
    with pytest.raises(InputError, match='frame_strides'):
        build(frame_strides=strides)


@pytest.mark.parametrize('size, features', [
    ((1, 1, 1), (1, 1, 1)),
    ((1, 17, 23), (1, 1, 1)),
    ((7, 65, 64), (1, 3, 2)),
    ((17, 32, 33), (3, 1, 2)),
])
def test_clips_of_any_size(size, features):
    model = build(base_channels=4).eval()
    with torch.no_grad():
        assert model(torch.randn(2, 3, *size)).shape == (2, 64, *features)


def test_base_channels_scale_all_channels(encoder):
    narrow = build(base_channels=16).state_dict()
    for key, wide in encoder.state_dict().items():
        expected = [max(side // 4, 1) if i == 0 else side
                    for i, side in enumerate(wide.shape)]
        if wide.ndim == 5 and key != 'conv_1a.spatial.conv.weight':
            expected[1] //= 4
        assert list(narrow[key].shape) == expected, key


def test_the_narrowest():
    model = build(base_channels=1).eval()
    assert model(torch.randn(1, 3, 2, 9, 9)).shape == (1, 16, 1, 1, 1)


PARTS = ['conv_1a', 'conv_2b', 'mixed_3b', 'mixed_4b', 'mixed_5b']


@pytest.mark.parametrize('frozen_stages', range(-1, 5))
def test_frozen_stages(frozen_stages):
    model = build(base_channels=4, frozen_stages=frozen_stages)
    assert model.train() is model
    frozen = []
    for name in PARTS:
        part = getattr(model, name)
        grads = {p.requires_grad for p in part.parameters()}
        modes = {m.training for m in part.modules()}
        assert grads == modes and len(grads) == 1
        frozen.append(grads == {False})
    assert frozen == [i <= frozen_stages for i in range(5)]
    assert frozen_stages < 4 or not any(
        p.requires_grad for p in model.parameters())


def test_norm_eval_keeps_the_statistics():
    model = build(base_channels=4, norm_eval=True).train()
    assert model.mixed_5c.training
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(torch.randn(2, 3, 4, 32, 32)).sum().backward()
    assert model.conv_1a.gate.weight.grad.any()
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
