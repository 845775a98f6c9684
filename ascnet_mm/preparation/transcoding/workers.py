"""Copies in parallel, each in a process of its own."""
import multiprocessing
import os
import signal
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Iterator, List, Tuple

import av

from ...datasets.video import UnreadableVideo
from ...errors import InputError
from ...files import flush, remove_if_there
from .copying import make_copy
from .jobs import Job, Outcome
from .recipe import Recipe


def work(job: Job, recipe: Recipe, timeout: int, answer: Connection) -> None:
    """Copy one video in a process of its own, and send what became of it.

    Args:
        job (Job): The video.
        recipe (Recipe): How to copy it.
        timeout (int): Seconds after which the process ends itself.
        answer (Connection): Where to send an ``Outcome``, or the
            ``InputError`` that ends the run.

    Examples:
        >>> Process(target=work,
        ...         args=(job, recipe, 600, sender))  # doctest: +SKIP
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run's to handle
    # Ends the process in the decoder's code, too, and without the run.
    signal.alarm(timeout)
    try:
        # Before it is read: one that changes meanwhile is copied again.
        date = os.stat(job.source).st_mtime_ns
        result = make_copy(job, recipe)
        temporary = job.temporary(os.getpid())
        os.utime(temporary, ns=(date, date))
        flush(temporary)
        answer.send(result)
    except InputError as error:
        answer.send(error)
    except UnreadableVideo as error:
        answer.send(Outcome(False, str(error)))
    except av.FFmpegError as error:
        answer.send(Outcome(False, error.strerror))
    # Broken files make the bindings raise about anything.
    except Exception as error:
        answer.send(Outcome(False, f'{type(error).__name__}: {error}'))


def outcome(process: multiprocessing.Process, answer: Connection,
            timeout: int) -> Outcome:
    """What an ended process has sent, or why it could not.

    Args:
        process (multiprocessing.Process): It ran :func:`work`.
        answer (Connection): What it sent to.
        timeout (int): The seconds it had.

    Raises:
        InputError: If it sent one.

    Examples:
        >>> outcome(process, answer, 600)  # doctest: +SKIP
        Outcome(kept=False, problem='it took longer than 600 s')
    """
    process.join()
    try:
        sent = answer.recv()
    except EOFError:
        code = process.exitcode
        if code == -signal.SIGALRM:
            return Outcome(False, f'it took longer than {timeout} s')
        name = signal.Signals(-code).name if code < 0 else f'exit code {code}'
        return Outcome(False, f'the decoder crashed ({name})')
    if isinstance(sent, InputError):
        raise sent
    return sent


def make_copies(jobs: List[Job], recipe: Recipe, workers: int,
                timeout: int) -> Iterator[Tuple[Job, Outcome]]:
    """Copy videos in parallel, and yield them as they are finished.

    A process for each: none can take others along when it crashes. A copy gets
    its name when the next one is asked for, so that what is known of it can be
    written down first: one that is there is not made again.

    Args:
        jobs (list[Job]): The videos; the folders of their copies exist.
        recipe (Recipe): How to copy them.
        workers (int): How many are copied at a time.
        timeout (int): Seconds after which one counts as unreadable.

    Raises:
        InputError: If a copy cannot be written.

    Examples:
        >>> for job, result in make_copies(
        ...         jobs, recipe, workers=4, timeout=600):  # doctest: +SKIP
        ...     print(job.name, result.kept)
    """
    fork = multiprocessing.get_context('fork')
    waiting, running = iter(jobs), {}
    try:
        while True:
            for job in islice(waiting, workers - len(running)):
                answer, sender = fork.Pipe(duplex=False)
                process = fork.Process(
                    target=work, args=(job, recipe, timeout, sender))
                # First, or Ctrl-C in between would let it go on.
                running[process] = job, answer
                process.start()
                sender.close()
            if not running:
                return
            ended = wait([process.sentinel for process in running])
            for process in [one for one in running if one.sentinel in ended]:
                job, answer = running[process]
                result = outcome(process, answer, timeout)
                yield job, result
                if result.kept:
                    os.replace(job.temporary(process.pid), job.target)
                else:
                    remove_if_there(job.temporary(process.pid))
                    remove_if_there(job.target)
                del running[process]
    finally:
        for process, (job, _) in running.items():
            if process.pid is not None:
                process.kill()
                process.join()
                remove_if_there(job.temporary(process.pid))
