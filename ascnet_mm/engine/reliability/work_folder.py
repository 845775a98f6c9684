"""A lock on the work folder of a training."""
import fcntl
import logging
import os
import os.path as osp
import socket
from glob import escape, glob
from typing import IO, Dict, Tuple

from mmaction.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner, find_latest_checkpoint

from ...errors import InputError
from ...files import make_folder
from ...text import printable

LOCK = '.lock'
# A lock goes with its process, however that ends; a child has none of it.
_held: Dict[Tuple[int, str], IO] = {}


@HOOKS.register_module()
class WorkFolderHook(Hook):
    """Keep a work folder to one training at a time.

    The lock ends with the process, however the process ends. On a file system
    without locks, there is none. Tests may run at the same time as a training
    run. A run that starts anew in a folder with checkpoints warns that it will
    replace them.

    Raises:
        InputError: In ``before_run``, if another training has the folder.

    Examples:
        >>> default_hooks = dict(work_folder=dict(type='WorkFolderHook'))
        >>> HOOKS.build(default_hooks['work_folder']).priority
        'VERY_HIGH'
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Take the folder, before anything in it is removed or replaced."""
        if not isinstance(runner._train_loop, BaseLoop):
            return
        fault = [None]
        if is_main_process():
            try:
                hold(runner.work_dir)
            except InputError as error:
                fault = [str(error)]
        broadcast_object_list(fault)
        if fault[0] is not None:
            raise InputError(fault[0])
        # MMEngine begins anew, too, where it finds nothing to resume from.
        if not (runner._resume and (
                runner._load_from or find_latest_checkpoint(runner.work_dir))):
            _warn_of_others(runner)

    def after_run(self, runner: Runner) -> None:
        """Give the folder back."""
        leave(runner.work_dir)


def hold(folder: str) -> None:
    """Keep other processes from training in a folder, until :func:`leave`.

    Args:
        folder (str): The folder; made if it is not there. One that this
            process holds already stays held.

    Raises:
        InputError: If another process holds it.
    """
    make_folder(folder)
    key = _key(folder)
    if key in _held:
        return
    try:
        # Not `w`: what the owner wrote is read first. Open until the end.
        lock = open(key[1], 'a+', encoding='utf-8')  # noqa: SIM115
    except PermissionError:  # another user's
        return
    try:
        # Not flock: workers would inherit it and outlive the run with it.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        with lock:
            owner = printable(lock.read(200)) or 'a process'
        raise InputError(
            f'another training ({owner}) is writing to {folder}: wait for '
            'its end, or choose another --work-dir') from error
    # Some network file systems have no locks.
    except OSError:
        lock.close()
        return
    lock.truncate(0)
    lock.write(f'process {os.getpid()} on {socket.gethostname()}')
    lock.flush()
    _held[key] = lock


def leave(folder: str) -> None:
    """Let other processes train in a folder; one not held is left alone."""
    lock = _held.pop(_key(folder), None)
    if lock is not None:
        lock.close()


def _key(folder: str) -> Tuple[int, str]:
    return os.getpid(), osp.join(osp.realpath(folder), LOCK)


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
