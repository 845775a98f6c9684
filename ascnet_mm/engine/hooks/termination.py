import os
import os.path as osp
import signal
import sys
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Callable, Optional, Sequence

import torch
from mmaction.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import distributed

from .atomic_checkpoint import set_last_checkpoint

FILENAME = 'terminated.pth'


@HOOKS.register_module()
class TerminationHook(Hook):
    """On SIGTERM, save a checkpoint and end the run, with exit status 0.

    That is what a cluster sends before it takes a machine away. The run ends
    after the iteration it is in, of training or validation; if it waits for
    data, after the next one. ``--resume`` goes on exactly there, from
    ``terminated.pth`` in the work folder. Several ranks agree on the
    iteration through a number on the CPU, so that no device is waited for.
    Workers of the loaders ignore the signal, unless it comes from their run.
    """

    # After CheckpointHook and all that changes what a checkpoint holds.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._received = False
        self._group = None

    def before_train(self, runner: Runner) -> None:
        """Listen to the signal."""
        if get_world_size() > 1:
            seconds = runner.cfg.get('env_cfg', {}).get('dist_cfg', {}).get(
                'timeout', 1800)
            self._group = distributed.new_group(
                backend='gloo', timeout=timedelta(seconds=seconds))
        self._previous = signal.signal(signal.SIGTERM, self._receive)
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        for loader in loaders:
            loader.worker_init_fn = partial(_start_worker,
                                            loader.worker_init_fn)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """End the run behind this iteration, if it is to end."""
        if self._agreed():
            self._end(runner, runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Find out how many iterations all ranks have."""
        self._common = self._over_ranks(
            len(runner.val_dataloader), distributed.ReduceOp.MIN)

    def after_val_iter(self,
                       runner: Runner,
                       batch_idx: int,
                       data_batch: Optional[dict] = None,
                       outputs: Optional[Sequence] = None) -> None:
        """End the run before this validation, if it is to end."""
        if batch_idx < self._common and self._agreed():
            self._end(runner, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Let the signal do what it did before."""
        signal.signal(signal.SIGTERM, self._previous)

    def _receive(self, *_) -> None:
        self._received = True

    def _agreed(self) -> bool:
        return bool(self._over_ranks(
            int(self._received), distributed.ReduceOp.MAX))

    def _over_ranks(self, number: int, reduction) -> int:
        if self._group is None:
            return number
        reduced = torch.tensor(number)
        distributed.all_reduce(reduced, reduction, self._group)
        return reduced.item()

    def _end(self, runner: Runner, iteration: int) -> None:
        runner.save_checkpoint(
            runner.work_dir,
            FILENAME,
            meta=dict(epoch=runner.epoch, iter=iteration))
        path = osp.join(runner.work_dir, FILENAME)
        set_last_checkpoint(runner, path)
        runner.logger.info(
            f'Terminated at iteration {iteration}: --resume goes on from '
            f'{path}')
        self.after_train(runner)
        sys.exit(0)


def _start_worker(initialise: Optional[Callable], worker_id: int) -> None:
    """Take the signal from nobody but the run, which ends its workers so."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    Thread(target=_wait_for_parent, daemon=True).start()
    if initialise is not None:
        initialise(worker_id)


def _wait_for_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
