"""Losses read from the device only when they are logged."""
from typing import List, Optional, Tuple

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from torch import Tensor


def log_is_due(runner: Runner, batch_idx: int) -> bool:
    """Whether this iteration's end is a time to read from the device.

    It is when a logger logs, and at the end of the epoch.
    """
    interval = min((hook.interval for hook in runner.hooks
                    if isinstance(hook, LoggerHook)), default=1)
    done = batch_idx + 1
    return done % interval == 0 or done == len(runner.train_dataloader)


@HOOKS.register_module()
class DeferredScalarsHook(RuntimeInfoHook):
    """MMEngine's ``RuntimeInfoHook``, reading losses only to log them.

    MMEngine's hook turns each loss of each iteration into a number, and so
    makes the CPU wait for the device several times a step. Here they stay on
    the device until the logger is due, or the epoch ends; then those of all
    iterations since come over in one piece, so that the log's averages are
    the same. On several ranks the log shows the mean over all of them, where
    MMEngine's shows the first one's: so a loss is that of the global batch.
    Between two logs MMEngine's ``time`` is what it took to launch a
    step; its average over the window stays true.

    Examples:
        >>> default_hooks = dict(runtime_info=dict(type='DeferredScalarsHook'))
        >>> hook = HOOKS.build(default_hooks['runtime_info'])
        >>> hook.priority  # as that of the hook whose place it takes
        'VERY_HIGH'
    """

    def __init__(self) -> None:
        self._pending: List[Tuple[List[str], Tensor]] = []

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Keep what the iteration returned; pass all on if it is time."""
        if outputs:
            # Double precision holds any of them as ``item()`` returns it.
            row = torch.stack([
                torch.as_tensor(value).detach().double()
                for value in outputs.values()
            ])
            # Not when they are read: a checkpoint, which reads them too, is
            # one rank's.
            all_reduce(row, op='mean')
            self._pending.append((list(outputs), row))
        if self._pending and log_is_due(runner, batch_idx):
            self._pass_on(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Let the checkpoint's log hold them too."""
        if self._pending:
            self._pass_on(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _pass_on(self, runner: Runner) -> None:
        values = iter(torch.cat([row for _, row in self._pending]).tolist())
        for names, _ in self._pending:
            for name in names:
                runner.message_hub.update_scalar(f'train/{name}', next(values))
        self._pending.clear()
