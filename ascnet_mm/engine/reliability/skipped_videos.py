"""The videos of a run that cannot be read, named in a file."""
import contextlib
import logging
import os
import os.path as osp
from typing import List, Optional

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce, barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...datasets.base import BaseVideoDataset, parts_of
from ...errors import InputError

LIST = 'skipped_videos.txt'


@HOOKS.register_module()
class SkippedVideosHook(Hook):
    """List the videos that cannot be read, and stop if there are too many.

    They are listed in ``skipped_videos.txt`` as they are found, one per line
    with path, tab and reason: in the work folder in training, in the run's own
    folder below it in a test. A resumed run does not try the videos that are
    listed in its work folder again; any other run starts a new list.

    Args:
        max_share (float): Share of the training videos that may be unreadable.
            After every iteration, each rank checks it for the videos that it
            has met; after every epoch, all ranks check it together. Defaults
            to 0.1 (ours).

    Raises:
        InputError: If ``max_share`` is outside [0, 1].

    Examples:
        >>> default_hooks = dict(
        ...     skipped_videos=dict(type='SkippedVideosHook', max_share=0.05))
        >>> HOOKS.build(default_hooks['skipped_videos']).max_share
        0.05
    """

    def __init__(self, max_share: float = 0.1) -> None:
        if not 0 <= max_share <= 1:
            raise InputError('SkippedVideosHook: max_share must lie between '
                             f'0 and 1, not {max_share}')
        self.max_share = max_share
        self.path: Optional[str] = None

    def before_train(self, runner: Runner) -> None:
        """Begin the list, or go on with that of the run before."""
        self.path = osp.join(runner.work_dir, LIST)
        if runner.iter == 0 and is_main_process():
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path)
        barrier()
        self._share(runner, runner.train_dataloader)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the training set what other ranks found."""
        self._share(runner, runner.train_dataloader)

    def before_val(self, runner: Runner) -> None:
        """Tell the validation set where the list is."""
        self._share(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Tell the test set where the list is."""
        self._share(runner, runner.test_dataloader)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Stop if this rank has found too many.

        Raises:
            InputError: If they are more than ``max_share``.
        """
        self._check(_skipped(runner.train_dataloader))

    def after_train_epoch(self, runner: Runner) -> None:
        """Stop if all ranks have found too many.

        Raises:
            InputError: If they are more than ``max_share``.
        """
        self._check(_of_all_ranks(runner.train_dataloader))

    def after_train(self, runner: Runner) -> None:
        """Count the unreadable videos of all ranks and workers."""
        self._report(runner, 'training', runner.train_dataloader)
        if runner.val_loop is not None:
            self._report(runner, 'validation', runner.val_dataloader)

    def after_test(self, runner: Runner) -> None:
        """Count the unreadable videos of all ranks and workers."""
        self._report(runner, 'test', runner.test_dataloader)

    def _share(self, runner: Runner, loader: DataLoader) -> None:
        if self.path is None:
            self.path = osp.join(runner.log_dir, LIST)
        for dataset in _parts(loader):
            dataset.share_skipped(self.path)

    def _check(self, skipped: torch.Tensor) -> None:
        count = int(skipped.count_nonzero())
        if count > self.max_share * len(skipped):
            raise InputError(
                f'{count} of the {len(skipped)} training videos could not be '
                f'read, more than {100 * self.max_share:g} %: {self.path} '
                'names them with reasons; repair or remove them, or set '
                'default_hooks.skipped_videos.max_share higher; a resumed '
                'run tries those again whose lines are deleted there')

    def _report(self, runner: Runner, part: str, loader: DataLoader) -> None:
        skipped = _of_all_ranks(loader)
        count = int(skipped.count_nonzero())
        where = f', see {self.path}' if count else ''
        runner.logger.log(
            logging.WARNING if count else logging.INFO,
            f'{count} of {len(skipped)} {part} videos could not be read'
            f'{where}')


def _parts(loader: DataLoader) -> List[BaseVideoDataset]:
    return [part for part in parts_of(loader.dataset)
            if isinstance(part, BaseVideoDataset)]


def _skipped(loader: DataLoader) -> torch.Tensor:
    """Which videos this rank could not read, bool ``[videos]``."""
    parts = [dataset.skipped for dataset in _parts(loader)]
    return torch.cat([torch.zeros(0, dtype=torch.bool), *parts])


def _of_all_ranks(loader: DataLoader) -> torch.Tensor:
    """Which videos any rank could not read, int64 ``[videos]``."""
    skipped = _skipped(loader).long()
    all_reduce(skipped, op='max')
    return skipped
