import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from ascnet_mm import InputError

# Supplementary, Table 4: channels and T x H x W of a 16 x 112 x 112 clip.
TABLE_4 = {
    'conv1': (64, 16, 56, 56),
    'maxpool': (64, 8, 28, 28),
    'layer1': (64, 8, 28, 28),
    'layer2': (128, 4, 14, 14),
    'layer3': (256, 2, 7, 7),
    'layer4': (512, 1, 4, 4),
}


@pytest.fixture(scope='module')
def encoder():
    return MODELS.build(dict(type='mmaction.R3D')).eval()


def test_stages_have_the_shapes_of_table_4(encoder):
    shapes = {}
    for name in TABLE_4:
        getattr(encoder, name).register_forward_hook(
            lambda _, __, out, name=name: shapes.update(
                {name: tuple(out.shape[1:])}))
    with torch.no_grad():
        encoder(torch.zeros(1, 3, 16, 112, 112))
    assert shapes == TABLE_4


def test_kernels_are_those_of_table_4(encoder):
    convs = [m for m in encoder.modules() if isinstance(m, nn.Conv3d)]
    assert convs[0].kernel_size == (7, 7, 7)
    assert convs[0].stride == (1, 2, 2)
    assert encoder.maxpool.kernel_size == 3
    assert encoder.maxpool.stride == (2, 2, 2)
    kernels = [c.kernel_size for c in convs[1:]]
    assert kernels.count((3, 3, 3)) == 16  # 4 stages x 2 blocks x 2
    assert kernels.count((1, 1, 1)) == 3  # the shortcuts of res3 to res5
    assert len(kernels) == 19


def test_parameters_are_those_of_the_formula(encoder):
    stem = 3 * 64 * 7**3 + 2 * 64
    blocks = 0
    for inside, out in ((64, 64), (64, 128), (128, 256), (256, 512)):
        blocks += 27 * (inside * out + 3 * out * out) + 4 * 2 * out
        blocks += (inside * out + 2 * out) * (inside != out)
    assert sum(p.numel() for p in encoder.parameters()) == stem + blocks


@pytest.mark.parametrize('strides, frames', [
    ((2, 1, 2, 2, 2), [8, 8, 4, 2, 1]), ((1, 1, 1, 1, 1), [16] * 5),
    ([1, 1, 2, 1, 2], [16, 16, 8, 8, 4])])
def test_frames_that_the_strides_leave(strides, frames):
    """Height and width stay those of Table 4."""
    encoder = MODELS.build(dict(
        type='mmaction.R3D', base_channels=2, frame_strides=strides)).eval()
    shapes = []
    for name in list(TABLE_4)[1:]:
        getattr(encoder, name).register_forward_hook(
            lambda _, __, out: shapes.append(tuple(out.shape[2:])))
    with torch.no_grad():
        encoder(torch.zeros(1, 3, 16, 112, 112))
    assert shapes == [(t, *TABLE_4[name][2:])
                      for t, name in zip(frames, list(TABLE_4)[1:])]


def test_the_stride_of_the_pool_in_space():
    encoder = MODELS.build(dict(
        type='mmaction.R3D', base_channels=2, pool1_stride_s=1)).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(1, 3, 8, 32, 32)).shape[3:] == (2, 2)


@pytest.mark.parametrize('strides', [(1, 2, 2, 2), (2, 1, 2, 2, 0)])
def test_impossible_strides_are_refused(strides):
    with pytest.raises(InputError, match='frame_strides'):
        MODELS.build(dict(type='mmaction.R3D', frame_strides=strides))
