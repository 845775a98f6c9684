from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.base import video_datasets
from ...errors import InputError


@HOOKS.register_module()
class SampleSeedHook(Hook):
    """Tell the training set the run's seed and the epoch.

    The data sets of this package draw all random numbers of a sample from
    (seed, epoch, index), so that another number of workers and a resumed run
    see the same clips.
    """

    def before_train(self, runner: Runner) -> None:
        """Refuse a training set that cannot be trained on.

        Raises:
            InputError: If it is not made of this package's data sets, or
                does not fill one batch.
        """
        loader = runner.train_dataloader
        if not video_datasets(loader.dataset):
            raise InputError(
                f'the training set is a {type(loader.dataset).__name__}; '
                'ASCNet needs the identities that VideoFolder and VideoList '
                'give their videos')
        if len(loader) == 0:
            raise InputError(
                f'the training set has {len(loader.dataset)} videos, fewer '
                f'than one batch of {loader.batch_size}: set '
                'train_dataloader.batch_size to '
                f'{len(loader.dataset)} or less, or add videos')

    def before_train_epoch(self, runner: Runner) -> None:
        """Pass on seed and epoch before the workers start."""
        for dataset in video_datasets(runner.train_dataloader.dataset):
            dataset.set_draws(runner.seed, runner.epoch)
