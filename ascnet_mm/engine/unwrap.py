"""The model inside the wrapper of distributed training."""
from mmaction.models.recognizers import BaseRecognizer
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch.nn.parallel import DistributedDataParallel

from ..errors import InputError


def unwrap(runner: Runner) -> BaseRecognizer:
    """The runner's model, without the wrapper of distributed training.

    Raises:
        InputError: If the wrapper shares the weights out among the ranks.
    """
    model = runner.model
    if isinstance(model, DistributedDataParallel):
        return model.module
    if is_model_wrapper(model):
        raise refused_wrapper(type(model).__name__)
    return model


def refused_wrapper(name: str) -> InputError:
    """What to say of a wrapper or strategy that shares the weights out."""
    return InputError(
        f'{name} shares the weights out among the ranks, but here every rank '
        'needs all of them, for their moving average and for checkpoints: '
        'leave out model_wrapper_cfg and strategy, which gives '
        'MMDistributedDataParallel')
