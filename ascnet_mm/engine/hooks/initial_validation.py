"""A validation of the random weights."""
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


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
            runner.val_loop.run()
