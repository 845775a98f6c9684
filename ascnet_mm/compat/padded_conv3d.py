"""oneDNN's bfloat16 Conv3d is wrong for short inputs on CPUs."""
from contextlib import contextmanager
from typing import Iterator, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

CONV3D = F.conv3d


class PaddedConv3d(TorchFunctionMode):
    """Keep oneDNN's bfloat16 convolution from overwriting memory.

    If its input is so short along a dimension that the kernel nowhere fits
    without padding, the gradient of the weights (``jit_bf16:avx512_core``,
    torch 2.13) is written beside its place: parts of it stay uninitialized,
    and the heap is damaged. 3x3x3 convolutions of two frames are such, the
    third stage of R3D at 16 frames. Of an input of one frame and few channels
    the output is wrong as well, with and without gradients. Here such an
    input is padded before the convolution instead of inside, which gives the
    same result.

    With a stride, the gradient of the weights of a 1x1x1 convolution of a
    single pixel and few channels is NaN where memory that has not been
    written holds NaN. Where there is one output, the stride is left out.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is CONV3D:
            return _conv3d(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


@contextmanager
def padded_in_backward() -> Iterator[None]:
    """The same for layers that are computed again in a backward pass.

    These are those with activation checkpointing. ``backward``, as all of
    torch's functions, suspends the mode.
    """
    F.conv3d = _conv3d
    try:
        yield
    finally:
        F.conv3d = CONV3D


def _conv3d(input: Tensor, weight: Tensor, bias=None, stride=1, padding=0,
            dilation=1, groups: int = 1) -> Tensor:
    """torch's ``conv3d``, with short dimensions padded beforehand."""
    right = not torch.is_grad_enabled() and 1 not in input.shape[-3:]
    if right or isinstance(padding, str):
        return CONV3D(input, weight, bias, stride, padding, dilation, groups)
    stride, padding, dilation = (
        _triple(value) for value in (stride, padding, dilation))
    # Of `stride` neighboring places one is the start of an output.
    short = [
        size < d * (kernel - 1) + s
        for size, kernel, s, d in zip(input.shape[-3:], weight.shape[-3:],
                                      stride, dilation)
    ]
    before = [p if is_short else 0 for p, is_short in zip(padding, short)]
    if any(before):
        input = F.pad(input, [p for p in before[::-1] for _ in range(2)])
    inside = [p - b for p, b in zip(padding, before)]
    if all(size + 2 * p == d * (kernel - 1) + 1 for size, kernel, p, d in zip(
            input.shape[-3:], weight.shape[-3:], inside, dilation)):
        stride = (1, 1, 1)
    return CONV3D(input, weight, bias, stride, inside, dilation, groups)


def _triple(value) -> Tuple[int, int, int]:
    return tuple(value) if isinstance(value, Sequence) else (value, ) * 3
