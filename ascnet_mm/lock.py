"""A lock on a folder that one process at a time writes to."""
import fcntl
import os
import os.path as osp
import socket
import stat
from contextlib import suppress
from typing import IO, Callable, Dict, Tuple

from mmengine.dist import broadcast_object_list, is_main_process

from .errors import InputError
from .files import make_folder
from .text import printable

LOCK = '.lock'
# A lock goes with its process, however that ends; a child has none of it.
_held: Dict[Tuple[int, str], IO] = {}


def hold(folder: str) -> None:
    """Keep other processes from writing to a folder, until :func:`leave`.

    On a file system without locks, nothing is locked, nor is it where the
    lock is a file of another user that this one may not write to.

    Args:
        folder (str): The folder; made if it is not there. One that this
            process holds already stays held.

    Raises:
        InputError: If another process holds it, or it cannot be made or
            written to.

    Examples:
        >>> hold('work_dirs/mine')  # doctest: +SKIP
    """
    make_folder(folder)
    key = _key(folder)
    if key in _held:
        return
    _require_own(key[1])
    try:
        # Not `w`: what the owner wrote is read first. Open until the end.
        lock = open(key[1], 'a+', encoding='utf-8')  # noqa: SIM115
    except PermissionError:  # another user's
        _require_free(key[1], folder)
        return
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        # Not flock: workers would inherit it and outlive the run with it.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _held_by(lock, folder) from error
    # Some network file systems have no locks.
    except OSError:
        lock.close()
        return
    try:
        lock.truncate(0)
        lock.write(f'{os.getpid()} on {socket.gethostname()}')
        lock.flush()
    except OSError as error:
        raise _not_writable(folder, error) from error
    _held[key] = lock


def leave(folder: str) -> None:
    """Let other processes write to a folder; one not held stays as it is.

    Args:
        folder (str): The folder.
    """
    lock = _held.pop(_key(folder), None)
    if lock is not None:
        lock.close()


def on_first_rank(check: Callable[[str], None], folder: str) -> None:
    """Check or hold a folder on the first rank, and stop all if that fails.

    Args:
        check (Callable): Called with the folder on the first rank.
        folder (str): The folder.

    Raises:
        InputError: On all ranks, if ``check`` raised one.

    Examples:
        >>> on_first_rank(hold, 'work_dirs/mine')  # doctest: +SKIP
    """
    fault = [None]
    if is_main_process():
        try:
            check(folder)
        except InputError as error:
            fault = [str(error)]
    broadcast_object_list(fault)
    if fault[0] is not None:
        raise InputError(fault[0])


def _key(folder: str) -> Tuple[int, str]:
    return os.getpid(), osp.join(osp.realpath(folder), LOCK)


def _require_own(path: str) -> None:
    """Refuse a lock by which another file would be written to."""
    with suppress(FileNotFoundError):
        state = os.lstat(path)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
            raise InputError(f'{path} is a link or no regular file: remove it')


def _require_free(path: str, folder: str) -> None:
    """Refuse a folder that another user's process holds."""
    try:
        lock = open(path, encoding='utf-8')  # noqa: SIM115
    except OSError:
        return
    try:
        fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _held_by(lock, folder) from error
    except OSError:
        pass
    lock.close()


def _held_by(lock: IO, folder: str) -> InputError:
    with lock:
        lock.seek(0)
        owner = printable(lock.read(200)) or 'unknown'
    return InputError(
        f'another process ({owner}) is writing to {folder}: wait for its '
        'end, or choose another folder')


def _not_writable(folder: str, error: OSError) -> InputError:
    return InputError(f'{folder} cannot be written to ({error.strerror}): '
                      'see to that, or choose another folder')
