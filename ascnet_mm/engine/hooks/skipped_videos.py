from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.base import video_datasets


@HOOKS.register_module()
class SkippedVideosHook(Hook):
    """Say at the end of a run how many videos could not be read."""

    def after_train(self, runner: Runner) -> None:
        """Count the training set's skipped videos."""
        datasets = video_datasets(runner.train_dataloader.dataset)
        skipped = sum(dataset.skipped_count for dataset in datasets)
        total = sum(len(dataset) for dataset in datasets)
        runner.logger.info(f'{skipped} of {total} training videos could not '
                           'be read and were replaced')
