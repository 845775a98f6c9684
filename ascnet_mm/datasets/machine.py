"""Telling the machine's faults from those of a file."""
import errno
import mmap
import os
import os.path as osp
import stat
import time
from typing import Collection, Iterator, Optional

from av import FFmpegError

from ..errors import InputError
from ..text import printable
from .video import UnreadableVideo, within

# What the system says when it, a disk or a server is in trouble.
NO_VERDICT = {
    getattr(errno, name)
    for name in ('EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'ENOSPC',
                 'EDQUOT', 'ESTALE', 'EREMOTEIO', 'ETIMEDOUT', 'ENOTCONN',
                 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH',
                 'ENETRESET', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET',
                 'ESHUTDOWN', 'EPIPE', 'ENOLINK', 'ECOMM', 'EPROTO',
                 'EKEYEXPIRED', 'ENODEV', 'ENXIO', 'ENOMEDIUM', 'ENOLCK')
    if hasattr(errno, name)
}
# FFmpeg also says these of files that are broken.
AMBIGUOUS = {errno.EIO, errno.ENOMEM, errno.EPIPE, errno.ENXIO, errno.ENODEV}
ADVICE = {
    errno.EMFILE: 'raise `ulimit -n`, or lower num_workers',
    errno.ENFILE: 'raise the sysctl fs.file-max, or lower num_workers',
    errno.ENOMEM: 'lower num_workers or batch_size',
}
# Seconds between tries while the machine is at fault, at first and at most
# (ours).
PAUSES = (0.1, 5)
# How much of a file the system is asked for, and how much memory (ours).
ASKED = 2**28


class FolderGone(OSError):
    """A folder that held files is gone or empty, as after an unmount."""


def gone(folder: str) -> str:
    """What is to be said of such a folder."""
    return f'the folder {printable(folder)} is gone or empty'


class Patience:
    """Waits for faults of the machine to pass while a video is read.

    Args:
        filename (str): The video.
        folders (Collection[str]): Folders that held files before.
        time_limit (float): Seconds that the system may take to answer.
        patience (float): Seconds for which a fault is waited for to pass.
        advice (str): What to do once the machine is fixed.
    """

    def __init__(self, filename: str, folders: Collection[str],
                 time_limit: float, patience: float, advice: str) -> None:
        self.filename = filename
        self.folders = folders
        self.time_limit = time_limit
        self.patience = patience
        self.advice = advice
        self._deadline: Optional[float] = None
        self._again = False
        self._pause = PAUSES[0]

    def wait_or_raise(self, error: BaseException) -> None:
        """Return when the video is to be tried again.

        Args:
            error (BaseException): What reading it raised.

        Raises:
            UnreadableVideo: The same, if the machine is not to blame.
            InputError: If it is, and stays so.
        """
        fault = machine_fault(
            error, self.filename, self.folders, self.time_limit)
        if fault is None and (
                self._again or not isinstance(error, UnreadableVideo)):
            raise error
        # A fault may have passed between the reading and the question.
        self._again = fault is None
        if self._again:
            return
        now = time.monotonic()
        self._deadline = self._deadline or now + self.patience
        if now >= self._deadline:
            raise InputError(
                f'{printable(self.filename)} and other videos could not be '
                f'read for more than {self.patience:g} s ({fault}): the '
                'machine is at fault, so none of them counts as unreadable; '
                f'fix it, then {self.advice}')
        time.sleep(min(self._pause, self._deadline - now))
        self._pause = min(2 * self._pause, PAUSES[1])


def machine_fault(error: BaseException, path: str, folders: Collection[str],
                  time_limit: float) -> Optional[str]:
    """What is wrong with the machine, if that may be why a file was not read.

    Error numbers of disks, networks and limits tell. Not every decoder passes
    them on, and FFmpeg has some for broken files, too: so the system is asked
    as well for the file's folder, the beginning of the file, and memory.

    Args:
        error (BaseException): What reading it raised.
        path (str): The file.
        folders (Collection[str]): Folders that held files before.
        time_limit (float): Seconds that the system may take to answer.

    Returns:
        str, optional: The fault, in words; None if the system can read the
        file, or knows no such file in a folder that is there.
    """
    codes = set()
    for cause in _causes(error):
        if isinstance(cause, FolderGone):
            return str(cause)
        code = _code(cause)
        if code in NO_VERDICT and not (code in AMBIGUOUS
                                       and isinstance(cause, FFmpegError)):
            return _in_words(code)
        codes.add(code)
    try:
        return within(time_limit, _ask, path, folders, errno.ENOMEM in codes)
    except TimeoutError:
        return f'it has not responded for {time_limit:g} s'


def holds_files(folder: str) -> bool:
    """Whether a folder is there and not empty, as one that is mounted on is.

    Raises:
        OSError: If the machine cannot tell.
    """
    try:
        with os.scandir(folder or os.curdir) as entries:
            return any(True for _ in entries)
    except OSError as error:
        if error.errno in NO_VERDICT:
            raise
        return False


def _ask(path: str, folders: Collection[str],
         memory: bool) -> Optional[str]:
    folder = osp.dirname(path)
    try:
        if folder in folders and not holds_files(folder):
            return gone(folder)
        if memory:
            mmap.mmap(-1, ASKED).close()
        # A pipe would block.
        if stat.S_ISREG(os.stat(path).st_mode):
            _read(path)
    except (OSError, ValueError) as error:  # ValueError: no name for a file
        if _code(error) in NO_VERDICT:
            return _in_words(error.errno)
    return None


def _read(path: str) -> None:
    with open(path, 'rb', buffering=0) as file:
        left = ASKED
        while left > 0:
            part = file.read(2**20)
            if not part:
                break
            left -= len(part)


def _causes(error: Optional[BaseException]) -> Iterator[BaseException]:
    while error is not None:
        yield error
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)


def _code(error: BaseException) -> Optional[int]:
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    return getattr(error, 'errno', None)


def _in_words(code: int) -> str:
    text = os.strerror(code)
    return f'{text}: {ADVICE[code]}' if code in ADVICE else text
