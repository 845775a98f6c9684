"""Training in bfloat16."""
from contextlib import contextmanager, nullcontext
from typing import Iterator

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import Tensor, nn

from ..compat.padded_conv3d import PaddedConv3d, padded_in_backward
from ..device import computes_in_bfloat16


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Train in bfloat16 where the device computes in it, on CPUs too.

    Forward passes run under autocast; weights, gradients and optimizer stay in
    single precision. bfloat16 has float32's range, so that, unlike under
    MMEngine's ``AmpOptimWrapper``, which also refuses CPUs, no loss is scaled
    and no step waits for the device to find out whether one overflowed. A
    device without bfloat16 instructions would only be slowed down: there,
    everything stays in single precision, and the log says so.

    Args:
        **kwargs: Those of MMEngine's ``OptimWrapper``.

    Examples:
        >>> from mmengine.optim import build_optim_wrapper
        >>> optim_wrapper = dict(
        ...     type='BFloat16OptimWrapper',
        ...     optimizer=dict(type='SGD', lr=0.1))
        >>> wrapper = build_optim_wrapper(nn.Linear(2, 1), optim_wrapper)
        >>> wrapper.get_lr()
        {'lr': [0.1]}
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._told = False
        self._on_cpu = False

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Around the forward pass of a training step.

        Args:
            model (nn.Module): The model, on its device.
        """
        device = next(model.parameters()).device.type
        enabled = computes_in_bfloat16(device)
        if not self._told:
            self._told = True
            print_log(f'training in {"bfloat16" if enabled else "float32"}, '
                      f'for this {device} has {"" if enabled else "no "}'
                      'bfloat16 instructions', 'current')
        self._on_cpu = enabled and device == 'cpu'
        padded = PaddedConv3d() if self._on_cpu else nullcontext()
        with super().optim_context(model), torch.autocast(
                device, torch.bfloat16, enabled=enabled), padded:
            yield

    def backward(self, loss: Tensor, **kwargs) -> None:
        """MMEngine's.

        Args:
            loss (Tensor): What the gradients are of.
            **kwargs: Those of ``Tensor.backward``.
        """
        with padded_in_backward() if self._on_cpu else nullcontext():
            super().backward(loss, **kwargs)
