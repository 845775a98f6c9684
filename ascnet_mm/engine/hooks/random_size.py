"""Clips of another size in each batch."""
from typing import Optional, Sequence

import numpy as np
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import InputError
from ...yuv420 import cuts_of


@HOOKS.register_module()
class RandomSizeHook(Hook):
    """Resize each training batch to a square of a size of its own.

    As in SpeedNet, the sharpness of a frame then says nothing about what is
    learned. The side is drawn uniformly from (seed, iteration), so that a
    resumed run and all ranks draw the same. It replaces the ``scale`` of
    :class:`SampleCrops`.

    Args:
        sides (Sequence[int]): The smallest and the largest side, in pixels.

    Raises:
        InputError: If they are not two ascending positive integers.

    Examples:
        >>> default_hooks = dict(
        ...     random_size=dict(type='RandomSizeHook', sides=(64, 336)))
        >>> hook = HOOKS.build(default_hooks['random_size'])
        >>> 64 <= hook.side(seed=0, iteration=7) <= 336
        True
    """

    def __init__(self, sides: Sequence[int]) -> None:
        if len(sides) != 2 or not 1 <= sides[0] <= sides[1]:
            raise InputError(
                'RandomSizeHook: sides are the smallest and the largest '
                f'number of pixels, not {tuple(sides)}')
        self.sides = tuple(sides)

    def side(self, seed: int, iteration: int) -> int:
        """The side of a batch.

        Args:
            seed (int): Of the run.
            iteration (int): Counted over the run.
        """
        generator = np.random.default_rng((seed, iteration))
        return int(generator.integers(self.sides[0], self.sides[1] + 1))

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Set the size of the batch's clips, which are resized later.

        Raises:
            InputError: If they are none of :class:`DecodePlanes`.
        """
        side = self.side(runner.seed, runner.iter)
        samples = data_batch['data_samples']
        for sample, cut in zip(samples, cuts_of(samples)):
            sample.set_metainfo(dict(yuv420=cut._replace(scale=(side, side))))
