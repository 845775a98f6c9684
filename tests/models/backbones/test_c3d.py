import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

# Channels and T x H x W of a 16 x 112 x 112 clip (Tran et al., Figure 3).
STAGES = {
    'conv1a': (64, 16, 112, 112),
    'conv2a': (128, 16, 56, 56),
    'conv3b': (256, 8, 28, 28),
    'conv4b': (512, 4, 14, 14),
    'conv5b': (512, 2, 7, 7),
}


def build(**options):
    return MODELS.build(dict(type='mmaction.C3DConv', **options))


def test_stages_have_the_shapes_of_the_paper():
    with torch.device('meta'):
        encoder, shapes = build().eval(), {}
        for name in STAGES:
            getattr(encoder, name).register_forward_hook(
                lambda _, __, out, name=name: shapes.update(
                    {name: tuple(out.shape[1:])}))
        encoder(torch.zeros(1, 3, 16, 112, 112))
    assert shapes == STAGES


@pytest.mark.parametrize('norm_cfg', [None, dict(type='BN3d')])
def test_its_layers_are_mmaction2s(norm_cfg):
    """Up to the pool before the fully connected ones."""
    encoder = build(norm_cfg=norm_cfg).eval()
    with torch.device('meta'):  # the fully connected ones are large
        theirs = MODELS.build(
            dict(type='mmaction.C3D', norm_cfg=norm_cfg, out_dim=1)).eval()
    state = encoder.state_dict()
    assert {k: v.shape for k, v in state.items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
        if not k.startswith('fc')}  # yapf: disable
    theirs.fc6 = theirs.fc7 = nn.Identity()
    theirs.to_empty(device='cpu').load_state_dict(state)
    seen = []
    theirs.conv5b.register_forward_hook(
        lambda _, __, output: seen.append(output))
    clip = torch.randn(1, 3, 16, 16, 16)
    with torch.no_grad():
        theirs(clip)
        expected, = seen
        assert expected.std() > 0
        torch.testing.assert_close(encoder(clip), expected)


@pytest.mark.parametrize('size, features', [
    ((1, 1, 1), (1, 1, 1)),
    ((4, 24, 24), (1, 2, 2)),
    ((5, 17, 33), (1, 2, 3)),
    ((17, 32, 16), (3, 2, 1)),
])
def test_clips_of_any_size(size, features):
    model = build(base_channels=2).eval()
    with torch.no_grad():
        assert model(torch.randn(2, 3, *size)).shape == (2, 16, *features)


@pytest.mark.parametrize('frozen_stages', range(-1, 5))
def test_frozen_stages(frozen_stages):
    model = build(base_channels=2, frozen_stages=frozen_stages, norm_eval=True)
    assert model.train() is model
    for name, layer in model.named_children():
        if name.startswith('conv'):
            frozen = int(name[4]) <= frozen_stages + 1
            assert {p.requires_grad for p in layer.parameters()} == {
                not frozen}, name
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(torch.randn(2, 3, 4, 32, 32))
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
