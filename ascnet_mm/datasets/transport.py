"""What the loaders' workers send, and what the machine lets through.

torch puts each tensor into a file of its own in /dev/shm, whose descriptor
travels; ``padded_collate`` makes the clips of a batch one. What cannot be sent
so is lost without a word to the run, which then waits for it for ever.
"""
import logging
import os
import resource
from multiprocessing.queues import Queue
from typing import Any, Callable, Iterator, List, Optional

from mmengine.logging import print_log
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch._utils import ExceptionWrapper
from torch.utils.data import DataLoader, get_worker_info

from ..errors import InputError
from .collate import ByValue

FOLDER = '/dev/shm'
# Files that a process has open beside those of the samples (ours).
OTHERS_OPEN = 200
PAGE = resource.getpagesize()


def transport_fault(error: BaseException) -> Optional[str]:
    """A sentence for what is raised where tensors cannot be passed on.

    Args:
        error (BaseException): What was raised, in a worker or in the run.

    Returns:
        str, optional: The fault and what to do; None if it is another one.
    """
    text = str(error)
    # Of a semaphore of the loader's the system does not say where it lies.
    if ('No space left on device' in text
            and ('shared memory' in text or free_memory() < PAGE)
            or 'out of shared memory' in text):
        return (f'{FOLDER} is full ({_size(free_memory())} are free), and the '
                'workers of a loader pass their samples on there: give it '
                'more room (docker run --shm-size=8g, or --ipc=host), or '
                'lower num_workers, prefetch_factor or batch_size of the '
                'loader')
    if 'Too many open files' in text or 'of ancdata' in text:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return (f'too many files are open (the limit is {soft}, it can be '
                f'raised to {hard}), and each sample of a loader takes some: '
                'raise `ulimit -n` or its hard limit, or lower num_workers, '
                'prefetch_factor or batch_size of the loader')
    return None


def report_what_cannot_be_sent() -> None:
    """Let this worker tell its run, which else waits for it for ever."""
    Queue._on_queue_feeder_error = _report


def _report(queue: Queue, error: Exception, sent: Any) -> None:
    if not isinstance(sent, tuple):  # the pipe itself is gone
        return
    position, _ = sent
    fault = transport_fault(error)
    try:
        raise InputError(fault) if fault else error
    except Exception:
        answer = ExceptionWrapper(
            where=f'in DataLoader worker process {get_worker_info().id}')
    queue.put((position, answer))


def free_memory() -> int:
    """Bytes that are free in /dev/shm; 0 where there is none."""
    try:
        state = os.statvfs(FOLDER)
    except OSError:
        return 0
    return state.f_bavail * state.f_frsize


class WeighingCollate:
    """Collates, and warns if what is prefetched will be too much.

    By the first batch of the first worker, before it is sent.

    Args:
        loader (DataLoader): Whose batches are collated.
        name (str): What the config calls it.
    """

    def __init__(self, loader: DataLoader, name: str) -> None:
        self.collate: Callable = loader.collate_fn
        self.name = name
        self.batches = min(
            loader.num_workers * loader.prefetch_factor, len(loader))
        # Ranks of one machine share it.
        self.free = free_memory() // int(os.getenv('LOCAL_WORLD_SIZE', '1'))
        self._weighed = False

    def __call__(self, samples: List[Any]) -> Any:
        batch = self.collate(samples)
        worker = get_worker_info()
        if worker is not None and worker.id == 0 and not self._weighed:
            self._weighed = True
            for warning in self._warnings(list(_tensors(batch))):
                print_log(warning, 'current', logging.WARNING)
        return batch

    def _warnings(self, tensors: List[Tensor]) -> Iterator[str]:
        lower = (f'lower {self.name}.num_workers, prefetch_factor or '
                 'batch_size')
        wanted = self.batches * sum(
            -(-tensor.untyped_storage().nbytes() // PAGE) * PAGE
            for tensor in tensors)
        if wanted > self.free:
            yield (f'{self.name} keeps up to {self.batches} batches, '
                   f'{_size(wanted)}, in {FOLDER}, where {_size(self.free)} '
                   'are free for it: the run will stop once that is full; '
                   'give it more room (docker run --shm-size, or --ipc=host), '
                   f'or {lower}')
        wanted = self.batches * len(tensors) + OTHERS_OPEN
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY and wanted > limit:
            yield (f'{self.name} keeps up to {wanted} files open, and the '
                   f'limit is {limit}: the run may stop at it; raise the hard '
                   f'limit of `ulimit -n`, or {lower}')


def _tensors(batch: Any) -> Iterator[Tensor]:
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, BaseDataElement):
        yield from _tensors(dict(batch.all_items()))
    elif isinstance(batch, dict):
        yield from _tensors(list(batch.values()))
    elif isinstance(batch, (list, tuple)) and not isinstance(batch, ByValue):
        for part in batch:
            yield from _tensors(part)


def _size(count: int) -> str:
    return (f'{count / 1e9:.2f} GB' if count >= 1e9 else
            f'{count / 1e6:.1f} MB')
