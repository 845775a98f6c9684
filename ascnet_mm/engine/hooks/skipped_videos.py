import logging

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...datasets.base import video_datasets


@HOOKS.register_module()
class SkippedVideosHook(Hook):
    """Say at the end of a run how many videos could not be read."""

    def after_train(self, runner: Runner) -> None:
        """Count the unreadable videos of all ranks and workers."""
        self._report(runner, 'training', runner.train_dataloader)
        if runner.val_loop is not None:
            self._report(runner, 'validation', runner.val_dataloader)

    @staticmethod
    def _report(runner: Runner, part: str, loader: DataLoader) -> None:
        skipped = torch.cat(
            [dataset.skipped for dataset in video_datasets(loader.dataset)])
        counts = skipped.long()
        all_reduce(counts, op='max')
        count = int(counts.sum())
        runner.logger.log(
            logging.WARNING if count else logging.INFO,
            f'{count} of {len(counts)} {part} videos could not be read')
