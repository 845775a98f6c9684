"""The file that names the videos which could not be read."""
import contextlib
import fcntl
import os
from typing import Set

from ..text import printable


class SkippedList:
    """A file with a line per unreadable video: path, tab, reason.

    Workers and ranks write to it as they find them, each video once, so that
    a run that is killed leaves it as well. Control characters in names are
    escaped.

    Args:
        path (str): The file, which need not exist.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> Set[str]:
        """The videos that it names, escaped."""
        try:
            # Whatever an editor made of it
            with open(self.path, encoding='utf-8', errors='replace') as file:
                return {line.split('\t')[0] for line in file}
        except FileNotFoundError:
            return set()

    def add(self, filename: str, reason: str) -> bool:
        """Name a video, unless it is named already.

        Returns:
            bool: Whether it was not.
        """
        name = printable(filename)
        line = f'{name}\t{printable(reason)}\n'.encode()
        descriptor = os.open(
            self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            # Some network file systems have no locks.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if name in self.names():
                return False
            os.write(descriptor, line)
            return True
        finally:
            os.close(descriptor)
