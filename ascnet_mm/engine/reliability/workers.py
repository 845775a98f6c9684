"""Shared memory and open files of the loaders' workers."""
from functools import partial
from typing import Callable, Optional, Set

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...datasets.transport import WeighingCollate, report_what_cannot_be_sent


@HOOKS.register_module()
class WorkersHook(Hook):
    """Make sure that what the loaders' workers send arrives, or is reported.

    If the prefetched batches will not fit into /dev/shm, or into the limit of
    open files (which MMEngine raises to ``env_cfg.resource_limit``), a warning
    says so before the first one is sent. A worker that cannot send a batch
    ends the run with a one-sentence error.

    Examples:
        >>> default_hooks = dict(workers=dict(type='WorkersHook'))
        >>> isinstance(HOOKS.build(default_hooks['workers']), Hook)
        True
    """

    def __init__(self) -> None:
        self._prepared: Set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Prepare the loader before its workers start."""
        self._prepare(runner.train_dataloader, 'train_dataloader')

    def before_val(self, runner: Runner) -> None:
        """Prepare the loader before its workers start."""
        self._prepare(runner.val_dataloader, 'val_dataloader')

    def before_test(self, runner: Runner) -> None:
        """Prepare the loader before its workers start."""
        self._prepare(runner.test_dataloader, 'test_dataloader')

    def after_train_epoch(self, runner: Runner) -> None:
        """Weigh no more: workers of later epochs would warn again."""
        _weigh_no_more(runner.train_dataloader)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[dict] = None) -> None:
        """Weigh no more: workers of later validations would warn again."""
        _weigh_no_more(runner.val_dataloader)

    def _prepare(self, loader: DataLoader, name: str) -> None:
        if name in self._prepared:
            return
        self._prepared.add(name)
        if loader.num_workers > 0:
            loader.collate_fn = WeighingCollate(loader, name)
            loader.worker_init_fn = partial(_start_worker,
                                            loader.worker_init_fn)


def _weigh_no_more(loader: DataLoader) -> None:
    if isinstance(loader.collate_fn, WeighingCollate):
        loader.collate_fn = loader.collate_fn.collate


def _start_worker(initialize: Optional[Callable], worker_id: int) -> None:
    report_what_cannot_be_sent()
    if initialize is not None:
        initialize(worker_id)
