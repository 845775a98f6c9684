"""Seeds for all that a training draws."""
import math
from typing import Optional

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ...datasets.base import video_datasets
from ...errors import InputError


def refused_loop(name: str) -> InputError:
    """The error of a loop without epochs, by the name of its class."""
    return InputError(
        f'{name} counts no epochs, so that each pass would draw the same '
        "clips: use train_cfg=dict(type='ResumableEpochLoop', "
        'max_epochs=...)')


@HOOKS.register_module()
class SampleSeedHook(Hook):
    """Tell the training set the run's seed and the epoch.

    The data sets of this package draw all random numbers of a sample from
    (seed, epoch, index), so that another number of workers and a resumed run
    see the same clips. What the network draws itself (dropout) comes from
    (seed, iteration, rank).

    Examples:
        >>> default_hooks = dict(sample_seed=dict(type='SampleSeedHook'))
        >>> isinstance(HOOKS.build(default_hooks['sample_seed']), Hook)
        True
    """

    def before_train(self, runner: Runner) -> None:
        """Refuse a run whose samples could not be drawn.

        Raises:
            InputError: If the training set is not made of this package's data
                sets or does not fill one batch, or if the run does not count
                epochs, or is resumed within one by a loop that cannot.
        """
        loader = runner.train_dataloader
        video_datasets(loader.dataset)
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise refused_loop(type(runner.train_loop).__name__)
        if len(loader) == 0:
            videos, ranks = len(loader.dataset), get_world_size()
            share = math.ceil(videos / ranks)
            shared = f', {share} for each of {ranks} ranks' * (ranks > 1)
            raise InputError(
                f'the training set has {videos} videos{shared}, fewer than '
                f'one batch of {loader.batch_size}: set '
                f'train_dataloader.batch_size to {share} or less, or add '
                'videos')
        if (type(runner.train_loop) is EpochBasedTrainLoop
                and runner.iter != runner.epoch * len(loader)):
            raise InputError(
                f'the run is to go on at iteration {runner.iter}, which is '
                f'within an epoch of {len(loader)}, or epochs had another '
                'number of batches before: EpochBasedTrainLoop would train '
                'too long; use the same videos and batch_size, and '
                "train_cfg=dict(type='ResumableEpochLoop', max_epochs=...)")

    def before_train_epoch(self, runner: Runner) -> None:
        """Pass on seed and epoch before the workers start."""
        datasets = video_datasets(runner.train_dataloader.dataset)
        for part, dataset in enumerate(datasets):
            dataset.set_draws(runner.seed, runner.epoch, part)

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Seed the generators that the network draws from."""
        sequence = np.random.SeedSequence(
            (runner.seed, runner.iter, get_rank()))
        torch.manual_seed(int(sequence.generate_state(1)[0]))
