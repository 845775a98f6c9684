"""The encoder that a training starts from."""
from typing import Optional

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...errors import InputError
from ...models.checkpoints import load_encoder_weights
from ..unwrap import unwrap


@HOOKS.register_module()
class PretrainedEncoderHook(Hook):
    """Start training on top of a pre-trained encoder.

    All of its weights, or none, are loaded into the recognizer's ``backbone``.
    A run that starts from a checkpoint of the whole recognizer (``--resume``
    or ``load_from``) keeps the encoder of that checkpoint.

    Args:
        checkpoint (str, optional): A file that
            :func:`load_encoder_weights` reads. Defaults to None, with which a
            config can ship but not train.
        required (bool): Whether training without one is refused. Defaults to
            True.

    Examples:
        >>> default_hooks = dict(pretrained_encoder=dict(
        ...     type='PretrainedEncoderHook', checkpoint='epoch_200.pth'))
        >>> hook = HOOKS.build(default_hooks['pretrained_encoder'])
        >>> from ascnet_mm.models import R3D
        >>> print(hook.load(R3D(depth=18)))  # doctest: +SKIP
        R3D starts with the 120 encoder weights of epoch_200.pth ...
    """

    # The target network starts as a copy of the encoder, so after it.
    priority = 'ABOVE_NORMAL'

    def __init__(self,
                 checkpoint: Optional[str] = None,
                 required: bool = True) -> None:
        self.checkpoint = checkpoint
        self.required = required

    def before_train(self, runner: Runner) -> None:
        """Load the weights and log which.

        Not in ``before_run``, after which the runner initializes them.

        Raises:
            InputError: As :meth:`load`.
        """
        if not runner._has_loaded:
            runner.logger.info(self.load(unwrap(runner).backbone))

    def load(self, encoder: nn.Module) -> str:
        """Load the weights into an encoder.

        Args:
            encoder (nn.Module): The recognizer's, or, to find mistakes
                before training starts, another of the same config.

        Returns:
            str: A line for the log.

        Raises:
            InputError: If there is no checkpoint, or if it does not hold
                exactly the encoder's weights.
        """
        if self.checkpoint is None and not self.required:
            return f'{type(encoder).__name__} starts with random weights'
        if self.checkpoint is None:
            raise InputError(
                'this config trains on top of a pre-trained encoder: give '
                "--pretrained CHECKPOINT (under MMAction2's scripts "
                '--cfg-options default_hooks.pretrained_encoder.checkpoint='
                'CHECKPOINT), or use the config of the same name ending in '
                '_scratch')
        return load_encoder_weights(encoder, self.checkpoint)
