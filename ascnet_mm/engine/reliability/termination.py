"""Saving a checkpoint when the run is told to end."""
import contextlib
import os
import os.path as osp
import signal
import sys
import threading
import time
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Callable, Optional

import torch
from mmaction.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import distributed
from torch.utils.data.dataloader import (
    _BaseDataLoaderIter,
    _MultiProcessingDataLoaderIter,
)

from .atomic_checkpoint import set_last_checkpoint

FILENAME = 'terminated.pth'
# Where a run waits for its loader: for a batch, or for workers that it keeps
# to begin an epoch; not where it starts them, which is to be left whole.
WAITING = {
    _BaseDataLoaderIter.__next__.__code__,
    _MultiProcessingDataLoaderIter._get_data.__code__
}
# Seconds after which data are no longer waited for (ours).
GRACE = 1
# Seconds that a rank waits for the others; torchrun kills after 30 (ours).
BOUND = 20
# By which ranks tell one another that one got the signal.
KEY = 'terminated'


@HOOKS.register_module()
class TerminationHook(Hook):
    """On SIGTERM, save a checkpoint and end the run, with exit status 0.

    That is what a cluster sends before it takes a machine away. The run ends
    after the iteration it is in, of training or validation. Where it waits
    for data, which may never come, it ends after one or two seconds, having
    trained on nothing more. ``--resume`` goes on exactly there, from
    ``terminated.pth`` in the work folder. Workers of the loaders ignore the
    signal, unless it comes from their run.

    Several ranks agree on the iteration through a number on the CPU, when each
    has its next batch and none has started on it. A rank that gets the signal
    tells the others within a second, so that those waiting for data stop, too.
    If one does not take part within 20 seconds after the signal, because it
    hangs elsewhere, the others end without it; the first rank saves the
    checkpoint in this case, too.

    Examples:
        >>> default_hooks = dict(termination=dict(type='TerminationHook'))
        >>> HOOKS.build(default_hooks['termination']).priority
        'HIGHEST'
    """

    # Before the iteration, ahead of all that changes what a checkpoint holds.
    priority = 'HIGHEST'

    def __init__(self) -> None:
        self._received: Optional[float] = None
        self._ending = False
        self._over: Optional[threading.Event] = None
        self._group = self._store = None
        self._validating = False
        # Batches left that every rank has: of this epoch, of the validation
        self._left = self._common = 0

    def before_train(self, runner: Runner) -> None:
        """Listen to the signal."""
        if get_world_size() > 1:
            seconds = runner.cfg.get('env_cfg', {}).get('dist_cfg', {}).get(
                'timeout', 1800)
            self._group = distributed.new_group(
                backend='gloo', timeout=timedelta(seconds=seconds))
            self._store = distributed.PrefixStore(
                f'{KEY}/{self._group.group_name}',
                distributed.distributed_c10d._get_default_store())
        self._previous = signal.signal(
            signal.SIGTERM, partial(self._receive, runner))
        # Another thread may take the signal while this one sleeps; Python then
        # tells nobody until it wakes, but writes the number here.
        self._taken, self._note = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._previous_note = signal.set_wakeup_fd(
            self._note, warn_on_full_buffer=False)
        self._over = threading.Event()
        self._reminder = threading.Thread(target=self._remind, daemon=True)
        self._reminder.start()
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        for loader in loaders:
            loader.worker_init_fn = partial(_start_worker,
                                            loader.worker_init_fn)

    def before_train_epoch(self, runner: Runner) -> None:
        """Find out how many iterations are left."""
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            self._left = len(loop.dataloader) - getattr(loop, 'seen', 0)
        else:
            self._left = runner.max_iters - runner.iter

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """End the run before this iteration, if it is to end."""
        self._left -= 1
        if self._agreed():
            self._end(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Find out how many iterations all ranks have."""
        if self._over is not None:  # no validation alone
            self._common = self._over_ranks(
                len(runner.val_dataloader), distributed.ReduceOp.MIN)
            self._validating = True

    def before_val_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: Optional[dict] = None) -> None:
        """End the run before this iteration, if it is to end."""
        if self._over is not None and self._common > 0:
            self._common -= 1
            if self._agreed():
                self._end(runner)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[dict] = None) -> None:
        """Agree before training iterations again."""
        self._validating = False

    def after_train(self, runner: Runner) -> None:
        """Let the signal do what it did before."""
        self._over.set()
        self._reminder.join(2)  # lest its last word do that
        signal.set_wakeup_fd(self._previous_note)
        # Else it would read from a file that got the number of this one.
        if not self._reminder.is_alive():
            for end in (self._taken, self._note):
                os.close(end)
        # None: it was not set from Python.
        signal.signal(signal.SIGTERM, self._previous or signal.SIG_DFL)

    def _receive(self, runner: Runner, _, frame: Optional[FrameType]) -> None:
        if self._received is None:
            self._received = time.monotonic()
        # Data that are just being received need no more than this.
        waited = time.monotonic() - self._received > GRACE
        if self._ending or not waited or not _waits_for_data(frame):
            return
        # After its last batch, a rank waits for its workers to end, while
        # others may have gone on.
        if (self._common if self._validating else self._left) > 0:
            self._ending = True
            self._agreed()
            self._end(runner)
        elif self._overdue():
            self._end(runner)

    def _remind(self) -> None:
        """Pass the signal on to other ranks, and repeat it to this one.

        It may have come just before the run began to wait, or to another
        thread.
        """
        main = threading.main_thread().ident
        # The store goes with the process that keeps it.
        with contextlib.suppress(RuntimeError):
            while not self._over.wait(1):
                told = self._store is not None and self._store.check([KEY])
                if self._received is not None and self._store and not told:
                    self._store.set(KEY, '1')
                taken = told or self._received is not None
                with contextlib.suppress(BlockingIOError):
                    taken |= signal.SIGTERM in os.read(self._taken, 4096)
                if taken and not self._ending:
                    signal.pthread_kill(main, signal.SIGTERM)

    def _overdue(self) -> bool:
        return (self._received is not None
                and time.monotonic() > self._received + BOUND)

    def _agreed(self) -> bool:
        """Whether any rank got the signal, or the others do not answer."""
        if self._group is None:
            return self._received is not None
        reduced = torch.tensor(int(self._received is not None))
        work = distributed.all_reduce(
            reduced, distributed.ReduceOp.MAX, self._group, async_op=True)
        while True:
            try:
                work.wait(timedelta(seconds=1))
                return bool(reduced.item())
            except RuntimeError:
                # It may have just been completed, or have failed.
                if work.is_completed():
                    work.wait()
                    return bool(reduced.item())
                if self._overdue():
                    return True

    def _over_ranks(self, number: int, reduction) -> int:
        if self._group is None:
            return number
        reduced = torch.tensor(number)
        distributed.all_reduce(reduced, reduction, self._group)
        return reduced.item()

    def _end(self, runner: Runner) -> None:
        self._ending = True
        if self._validating:
            # The model has their averages, and the checkpoint has both.
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    hook.after_val_epoch(runner)
        runner.save_checkpoint(
            runner.work_dir,
            FILENAME,
            meta=dict(epoch=runner.epoch, iter=runner.iter))
        path = osp.join(runner.work_dir, FILENAME)
        set_last_checkpoint(runner, path)
        runner.logger.info(
            f'Terminated at iteration {runner.iter}: --resume goes on from '
            f'{path}')
        self.after_train(runner)
        sys.exit(0)


# A forked child has the pipe that wakes its parent: a run would end when a
# pool ends one of its processes by SIGTERM. None may come before it is cut.
_masks = threading.local()


def _hold_back() -> None:
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _cut_off() -> None:
    handler = getattr(signal.getsignal(signal.SIGTERM), 'func', None)
    if getattr(handler, '__func__', None) is TerminationHook._receive:
        signal.set_wakeup_fd(-1)
    _let_through()


os.register_at_fork(
    before=_hold_back, after_in_parent=_let_through, after_in_child=_cut_off)


def _waits_for_data(frame: Optional[FrameType]) -> bool:
    while frame is not None:
        if frame.f_code in WAITING:
            return True
        frame = frame.f_back
    return False


def _start_worker(initialize: Optional[Callable], worker_id: int) -> None:
    """Take the signal from nobody but the run, which ends its workers so."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_wait_for_parent, daemon=True).start()
    if initialize is not None:
        initialize(worker_id)


def _wait_for_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
