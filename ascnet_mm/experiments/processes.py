"""Processes that run side by side and are ended together."""
import os
import subprocess
import sys
import threading
from typing import Sequence, Set

from ..device import cores


class Stopped(Exception):
    """The processes were told to end before theirs."""


class Processes:
    """Python processes that run side by side and can be ended together.

    Args:
        at_once (int): How many there will be; each computes on its share of
            the cores, unless ``OMP_NUM_THREADS`` says otherwise.
    """

    def __init__(self, at_once: int) -> None:
        share = max(1, cores() // at_once)
        self.environment = {'OMP_NUM_THREADS': str(share), **os.environ}
        self._running: Set[subprocess.Popen] = set()
        self._ended = False
        self._lock = threading.Lock()

    def call(self, arguments: Sequence[str], log_file: str) -> int:
        """Run a Python process, and append what it prints to a file.

        Args:
            arguments (Sequence[str]): Those of the interpreter.
            log_file (str): The file.

        Returns:
            int: Its exit code, negative for a signal.

        Raises:
            Stopped: If :meth:`end` was called before it ended.
        """
        with open(log_file, 'a') as log:
            with self._lock:
                if self._ended:
                    raise Stopped
                process = subprocess.Popen(
                    [sys.executable, *arguments],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self.environment)
                self._running.add(process)
            code = process.wait()
            with self._lock:
                self._running.remove(process)
                if self._ended:
                    raise Stopped
        return code

    def end(self) -> None:
        """End all: a training saves a checkpoint, and no other begins."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.terminate()
