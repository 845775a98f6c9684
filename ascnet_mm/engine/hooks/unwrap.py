from mmaction.models.recognizers import BaseRecognizer
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def unwrap(runner: Runner) -> BaseRecognizer:
    """The runner's model, without the wrapper of distributed training."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model
