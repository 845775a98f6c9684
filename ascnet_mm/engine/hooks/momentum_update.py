"""The moving average that makes the target network."""
import math
from typing import Optional

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import InputError
from ...models.selfsup.base import TargetNetworkRecognizer
from ..unwrap import unwrap


@HOOKS.register_module()
class MomentumUpdateHook(Hook):
    """Move the target network after each optimizer step (line 22).

    With momentum tau, xi <- tau xi + (1 - tau) theta. tau rises over the run
    along BYOL's cosine: before optimizer step k of K, for k = 0 ... K - 1, it
    is end - (end - momentum) (cos(pi k / K) + 1) / 2, where end is
    ``end_momentum`` (1 in BYOL). With gradient accumulation, the iterations
    between two optimizer steps leave the target alone. A model without a
    target network is left alone altogether.

    Args:
        momentum (float): tau at the first step. Defaults to 0.996 (BYOL).
        end_momentum (float): tau that the schedule ends at. Defaults to 1
            (BYOL).

    Raises:
        InputError: If they are not 0 <= momentum <= end_momentum <= 1.

    Examples:
        >>> default_hooks = dict(
        ...     momentum_update=dict(type='MomentumUpdateHook', momentum=0.99))
        >>> hook = HOOKS.build(default_hooks['momentum_update'])
        >>> hook.momentum, hook.end_momentum
        (0.99, 1.0)
    """

    def __init__(self,
                 momentum: float = 0.996,
                 end_momentum: float = 1.) -> None:
        if not 0 <= momentum <= end_momentum <= 1:
            raise InputError(
                'the momentum of the target network must satisfy 0 <= '
                'momentum <= end_momentum <= 1, not '
                f'momentum={momentum}, end_momentum={end_momentum}')
        self.momentum = momentum
        self.end_momentum = end_momentum

    def before_train(self, runner: Runner) -> None:
        """Start the target as a copy of the online network (line 2).

        Here and not only at initialization, because ``load_from`` may have
        put other weights into the online network since.
        """
        model = unwrap(runner)
        if not isinstance(model, TargetNetworkRecognizer):
            return
        model.steps_per_update = runner.optim_wrapper._accumulative_counts
        if runner.iter == 0:
            model.reset_target()

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Update the target, if this iteration made an optimizer step."""
        model = unwrap(runner)
        if not isinstance(model, TargetNetworkRecognizer):
            return
        momentum = self.momentum_at(runner)
        if runner.optim_wrapper.should_update():
            model.update_target(momentum)
        runner.message_hub.update_scalar('train/ema_momentum', momentum)

    def momentum_at(self, runner: Runner) -> float:
        """tau of the optimizer step that the current iteration belongs to."""
        accumulated = runner.optim_wrapper._accumulative_counts
        step = runner.iter // accumulated
        steps = math.ceil(runner.max_iters / accumulated)
        cosine = (math.cos(math.pi * step / steps) + 1) / 2
        return self.end_momentum - (self.end_momentum - self.momentum) * cosine

