from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from ...models.ascnet import ASCNet


def unwrap(runner: Runner) -> ASCNet:
    """The runner's model, without the wrapper of distributed training."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model
