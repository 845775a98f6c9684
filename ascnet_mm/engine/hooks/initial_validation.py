"""A validation of the random weights."""
from mmaction.registry import HOOKS
from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseAveragedModel
from mmengine.runner import Runner
from torch import nn

from ..unwrap import unwrap


@HOOKS.register_module()
class InitialValidationHook(Hook):
    """Validate before the first epoch.

    What training has gained can only be read against the same network with
    its random weights, which retrieves well above chance on most data.

    Examples:
        >>> default_hooks = dict(
        ...     initial_validation=dict(type='InitialValidationHook'))
        >>> HOOKS.build(default_hooks['initial_validation']).priority
        'LOWEST'
    """

    # After CheckpointHook, which the validation may ask to save the best.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Run the validation loop once, unless the run is resumed."""
        if runner.iter == 0 and runner.val_loop is not None:
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    _begin(hook.ema_model, unwrap(runner))
            runner.val_loop.run()


def _begin(average: BaseAveragedModel, model: nn.Module) -> None:
    """Let an average begin as the model, as its first update will.

    EMAHook copies the model before its weights are initialized.
    """
    if average.steps == 0:
        average.module.load_state_dict(model.state_dict())
