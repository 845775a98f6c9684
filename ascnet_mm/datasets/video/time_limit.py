"""Giving up what takes too long, calls into a decoder's code included."""
import ctypes
import os
import threading
from queue import Empty, SimpleQueue
from typing import Any, Callable


class _Helper(threading.Thread):
    """Runs one function after the other, for a process of one's own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.process = os.getpid()
        self.jobs, self.answers = SimpleQueue(), SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            function, arguments = self.jobs.get()
            try:
                answer = function(*arguments), None
            except Exception as error:
                answer = None, error
            self.answers.put(answer)
            del function, arguments, answer

    def abandon(self) -> None:
        """End it as soon as it is in Python's code again."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit))


_helper = None


def within(seconds: float, function: Callable, *arguments: Any) -> Any:
    """Call a function, but do not wait longer than this for it to end.

    It runs on a thread of its own, because nothing else returns while a
    decoder hangs. Such a thread is abandoned; it occupies a core until the
    decoder returns or the process ends.

    Args:
        seconds (float): How long to wait.
        function (Callable): What to call.
        *arguments: What with.

    Returns:
        Any: What the function returns.

    Raises:
        TimeoutError: If it takes longer.

    Examples:
        >>> within(5, max, 2, 3)
        3
        >>> import time
        >>> within(0.1, time.sleep, 60)  # doctest: +SKIP
        Traceback (most recent call last):
            ...
        TimeoutError: it took longer than 0.1 s
    """
    global _helper
    # Threads do not follow into a forked process.
    if _helper is None or _helper.process != os.getpid():
        _helper = _Helper()
    _helper.jobs.put((function, arguments))
    try:
        result, error = _helper.answers.get(timeout=seconds)
    except BaseException as interruption:
        _helper.abandon()
        _helper = None
        if isinstance(interruption, Empty):
            raise TimeoutError(
                f'it took longer than {seconds:g} s') from None
        raise
    if error is not None:
        raise error
    return result
