import pytest
import torch
from torch import nn

from ascnet_mm.compat import padded_conv3d
from ascnet_mm.compat.padded_conv3d import PaddedConv3d


@pytest.mark.parametrize('size, kernel, stride, dilation', [
    ((2, 7, 7), 3, 1, 1),  # R3D's third stage at 16 frames
    ((7, 9, 9), (7, 3, 3), (2, 1, 1), 1),  # fits, but between two outputs
    ((4, 1, 8), 3, (1, 2, 2), 1),
    ((4, 9, 9), 3, 1, 2),
    ((8, 8, 8), 3, 1, 1),
    ((1, 1, 1), 1, 2, 1),  # one output: the stride is left out
    ((3, 5, 1), (3, 1, 3), (2, 2, 2), 1),
])
def test_padding_beforehand_changes_no_result(size, kernel, stride, dilation):
    torch.manual_seed(0)
    conv = nn.Conv3d(3, 4, kernel, stride, tuple(
        dilation * (k // 2) for k in nn.modules.utils._triple(kernel)),
        dilation).double()  # yapf: disable
    clips = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    plain = conv(clips)
    with PaddedConv3d():
        padded = conv(clips)
    torch.testing.assert_close(padded, plain)
    weights = (clips, conv.weight, conv.bias)
    upstream = torch.randn_like(plain)
    for ours, theirs in zip(
            torch.autograd.grad(padded, weights, upstream),
            torch.autograd.grad(plain, weights, upstream)):
        torch.testing.assert_close(ours, theirs)


@torch.no_grad()
def test_a_single_frame_is_convolved_in_bfloat16():
    """Of few channels: outputs are off by their size without the padding."""
    torch.manual_seed(0)
    conv, clips = nn.Conv3d(3, 4, 3, padding=1), torch.randn(6, 3, 1, 4, 4)
    with torch.autocast('cpu', torch.bfloat16), PaddedConv3d():
        half = conv(clips)
    torch.testing.assert_close(half.float(), conv(clips), rtol=0, atol=.05)


@pytest.mark.parametrize('size, stride, left', [
    ((1, 1, 1), 2, (1, 1, 1)), ((1, 2, 3), (1, 2, 2), (1, 2, 2)),
    ((2, 1, 1), 2, (2, 2, 2))])
def test_where_there_is_one_output_there_is_no_stride(
        monkeypatch, size, stride, left):
    """Its weights' gradient would be NaN now and then, as memory has it."""
    given = []
    monkeypatch.setattr(
        padded_conv3d, 'CONV3D', lambda *args: given.append(args) or args[0])
    padded_conv3d._conv3d(torch.zeros(1, 8, *size),
                          torch.zeros(16, 8, 1, 1, 1), None, stride)
    assert tuple(given[0][3]) == left


def test_no_kernel_is_left_without_a_place(monkeypatch):
    """Each convolution gets an input in which its kernel fits somewhere."""
    given = []
    monkeypatch.setattr(
        padded_conv3d, 'CONV3D', lambda *args: given.append(args) or args[0])
    for size in range(1, 10):
        for stride in (1, 2, 3):
            padded_conv3d._conv3d(
                torch.zeros(1, 1, size, 9, 9), torch.zeros(1, 1, 5, 1, 1),
                None, (stride, 1, 1), (2, 0, 0))
            clips, *_, padding, _, _ = given.pop()
            frames = clips.shape[2]
            starts = range(-padding[0], frames + padding[0] - 4, stride)
            assert any(0 <= start <= frames - 5 for start in starts)
