"""MMEngine and MMAction2 recompute activations by torch's old way."""
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any, Callable, ContextManager, Iterator, Tuple

import torch
from mmaction.models.backbones import resnet3d
from mmengine.runner import activation_checkpointing
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.checkpoint import checkpoint


def checkpoint_without_reentry() -> None:
    """Let ``activation_checkpointing`` and ``with_cp`` train as if not set.

    In the reentrant way, which is torch's default until it asks for a choice
    (open-mmlab/mmengine#1539), an encoder under MMEngine's
    ``activation_checkpointing`` gets no gradient at all, for clips need none;
    and with MMAction2's ``with_cp``, two passes in a step fail under
    ``DistributedDataParallel``. It can go when MMEngine and MMAction2 pass
    ``use_reentrant=False``. That alone would count each batch twice in the
    statistics of BatchNorm, so these are kept as well.
    """
    activation_checkpointing.checkpoint = _checkpoint
    resnet3d.cp = SimpleNamespace(checkpoint=_checkpoint)


def _checkpoint(function: Callable[..., Any], *args: Any) -> Any:
    if torch.compiler.is_compiling():
        return checkpoint(function, *args, use_reentrant=False)
    return checkpoint(
        function, *args, use_reentrant=False, context_fn=_contexts)


def _contexts() -> Tuple[ContextManager, ContextManager]:
    """Of the pass, and of its recomputation."""
    return nullcontext(), _keep_statistics()


@contextmanager
def _keep_statistics() -> Iterator[None]:
    """Let BatchNorm normalize by the batch, but leave its averages."""
    before = {}

    def keep(module: torch.nn.Module, inputs: tuple) -> None:
        if (isinstance(module, _BatchNorm) and module.training
                and module.track_running_stats and module not in before):
            before[module] = (module.momentum,
                              module.num_batches_tracked.clone())
            module.momentum = 0.

    hook = register_module_forward_pre_hook(keep)
    try:
        yield
    finally:
        hook.remove()
        for module, (momentum, count) in before.items():
            module.momentum = momentum
            module.num_batches_tracked.copy_(count)
