"""MMEngine compiles the training step whole, which falls to pieces."""
from typing import List

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

ENCODERS = ('backbone', 'target_backbone', 'other_backbone')


def compile_the_encoder() -> None:
    """Let ``compile=True`` compile the encoders of a model alone.

    MMEngine compiles ``train_step``, from the preprocessor to the optimizer.
    That is a graph for each piece between what is decided on the CPU, and
    another one whenever a number in it has changed: how full the memory bank
    is changes in each step. Nearly all of the time is in the encoders, each
    of which is one graph. A model without an encoder is left to MMEngine. It
    can go with a release that compiles a part of one's choice.
    """
    compile_whole = Runner._maybe_compile
    if getattr(compile_whole, 'compiles_encoders', False):
        return

    def compile_encoders(runner: Runner, target: str) -> None:
        options = runner.cfg.get('compile')
        encoders = _encoders(runner.model)
        if options in (None, False) or not encoders:
            return compile_whole(runner, target)
        for encoder in encoders:
            encoder.compile(**({} if options is True else options))
        runner.logger.info('the encoder is compiled: the first iterations '
                           'take longer')

    compile_encoders.compiles_encoders = True
    Runner._maybe_compile = compile_encoders


def _encoders(model: nn.Module) -> List[nn.Module]:
    model = model.module if is_model_wrapper(model) else model
    return [getattr(model, name) for name in ENCODERS if hasattr(model, name)]
