import fcntl
import logging
import os
import os.path as osp
import socket
from glob import escape, glob
from typing import IO, Optional

from mmaction.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from ...errors import InputError
from ...text import printable

LOCK = '.lock'


@HOOKS.register_module()
class WorkFolderHook(Hook):
    """Keep a work folder to one training at a time.

    The lock ends with the process, however that ends. Where the file system
    has no locks there is none. Tests may run beside a training. A run that
    starts anew in a folder with checkpoints warns that it will replace them.

    Raises:
        InputError: In ``before_run``, if another training has the folder.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._lock: Optional[IO] = None

    def before_run(self, runner: Runner) -> None:
        """Take the folder, before anything in it is removed or replaced."""
        if not isinstance(runner._train_loop, BaseLoop):
            return
        owner = [self._take(runner.work_dir) if is_main_process() else None]
        broadcast_object_list(owner)
        if owner[0] is not None:
            raise InputError(
                f'another training ({owner[0]}) is writing to '
                f'{runner.work_dir}: wait for its end, or choose another '
                '--work-dir')
        if not runner._resume:
            _warn_of_others(runner)

    def after_run(self, runner: Runner) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take(self, folder: str) -> Optional[str]:
        """Lock a folder; who has it, if somebody does."""
        try:
            # Not `w`: what the owner wrote is read first. Open until the end.
            lock = open(  # noqa: SIM115
                osp.join(folder, LOCK), 'a+', encoding='utf-8')
        except OSError:  # another user's
            return None
        try:
            # Not flock: workers would inherit it and outlive the run with it.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            with lock:
                return printable(lock.read(200)) or 'a process'
        # Some network file systems have no locks.
        except OSError:
            lock.close()
            return None
        lock.truncate(0)
        lock.write(f'process {os.getpid()} on {socket.gethostname()}')
        lock.flush()
        self._lock = lock
        return None


def _warn_of_others(runner: Runner) -> None:
    names = sorted(
        osp.basename(path)
        for path in glob(osp.join(escape(runner.work_dir), '*.pth')))
    if names:
        more = f' and {len(names) - 3} more' if len(names) > 3 else ''
        runner.logger.log(
            logging.WARNING,
            f'{runner.work_dir} holds checkpoints of another run '
            f'({", ".join(names[:3])}{more}): those of the same names will be '
            'replaced; choose another --work-dir to keep them, or give '
            '--resume to go on from them')
