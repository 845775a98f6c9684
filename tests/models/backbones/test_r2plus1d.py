import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

# Supplementary, Table 3: channels and T x H x W of a 16 x 112 x 112 clip.
TABLE_3 = {
    'conv1': (64, 16, 56, 56),
    'layer1': (64, 16, 56, 56),
    'layer2': (128, 8, 28, 28),
    'layer3': (256, 4, 14, 14),
    'layer4': (512, 2, 7, 7),
}

# The spatial convolutions' channels, in the order of Table 3.
MID_CHANNELS = [83, 144, 144, 230, 288, 460, 576, 921, 1152]


def build(**options):
    return MODELS.build(dict(type='mmaction.R2Plus1D', **options))


@pytest.fixture(scope='module')
def encoder():
    return build().eval()


def convolutions(model, shortcuts):
    return [(name, m) for name, m in model.named_modules()
            if isinstance(m, nn.Conv3d) and ('downsample' in name) == shortcuts
            ]


def test_stages_have_the_shapes_of_table_3(encoder):
    shapes = {}
    for name in TABLE_3:
        getattr(encoder, name).register_forward_hook(
            lambda _, __, out, name=name: shapes.update(
                {name: tuple(out.shape[1:])}))
    with torch.no_grad():
        encoder(torch.zeros(1, 3, 16, 112, 112))
    assert shapes == TABLE_3


def test_convolutions_are_those_of_table_3(encoder):
    convs = [conv for _, conv in convolutions(encoder, shortcuts=False)]
    spatial, temporal = convs[::2], convs[1::2]
    assert [conv.out_channels for conv in spatial] == MID_CHANNELS
    assert [conv.out_channels for conv in temporal] == (
        3 * [64] + 2 * [128] + 2 * [256] + 2 * [512])
    assert spatial[0].kernel_size == (1, 7, 7)
    assert spatial[0].stride == (1, 2, 2)
    assert {conv.kernel_size for conv in spatial[1:]} == {(1, 3, 3)}
    assert {conv.kernel_size for conv in temporal} == {(3, 1, 1)}
    assert temporal[0].stride == (1, 1, 1)


def test_shortcuts_have_the_mid_channels_of_a_1x1x1_kernel(encoder):
    convs = [conv for _, conv in convolutions(encoder, shortcuts=True)]
    assert [c.out_channels for c in convs] == [42, 128, 85, 256, 170, 512]
    assert {c.kernel_size for c in convs} == {(1, 1, 1)}
    assert [c.stride for c in convs] == 3 * [(1, 2, 2), (2, 1, 1)]


def test_parameters_are_those_of_the_formula(encoder):

    def factorized(inside, mid, out, space, time):
        return (inside * mid * space + 2 * mid + mid * out * time + 2 * out)

    total = factorized(3, 83, 64, 49, 3)
    mids = iter(MID_CHANNELS[1:])
    for inside, out in ((64, 64), (64, 128), (128, 256), (256, 512)):
        total += factorized(inside, next(mids), out, 9, 3)
        total += factorized(out, next(mids), out, 9, 3)
        if inside != out:
            total += factorized(inside, inside * out // (inside + out), out, 1,
                                1)
    assert sum(p.numel() for p in encoder.parameters()) == total


@pytest.mark.parametrize('depth, blocks', [(10, 4), (18, 8), (34, 16)])
def test_depth_counts_the_blocks(depth, blocks):
    model = build(depth=depth, base_channels=2)
    layers = [getattr(model, name) for name in model.res_layers]
    assert sum(len(layer) for layer in layers) == blocks


def test_a_norm_config_reaches_every_norm():
    model = build(base_channels=2, norm_cfg=dict(type='BN3d', eps=0.25))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm3d)]
    assert len(norms) == 2 * (1 + 8 + 3)
    assert {norm.eps for norm in norms} == {0.25}


@pytest.mark.parametrize('type_', ['R3D', 'R2Plus1D'])
def test_the_last_frozen_stage_freezes_everything(type_):
    model = MODELS.build(
        dict(type=type_, base_channels=2, frozen_stages=4, norm_eval=True))
    # Already before training, when optimizer and DDP look at it.
    assert not any(p.requires_grad for p in model.parameters())
    model.train()
    assert not any(p.requires_grad for p in model.parameters())
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(torch.randn(2, 3, 4, 16, 16))
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize('type_', ['C3DConv', 'R3D', 'R2Plus1D', 'S3DG'])
def test_setting_the_mode_returns_the_encoder(type_):
    """As torch's own modules do, so that calls can be chained."""
    model = MODELS.build(dict(type=type_, base_channels=4, frozen_stages=1))
    assert model.eval() is model and not model.training
    assert model.train() is model and model.training
    assert model.train(False) is model and not model.training
