"""Shared by the commands: set-up, building the runner, errors."""
import argparse
import gc
import os
import os.path as osp
import select
import sys
from typing import Callable, Sequence, TextIO

import torch.distributed as dist
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch.distributed.elastic.multiprocessing.errors import record

from .. import compat
from ..datasets.transport import transport_fault
from ..errors import InputError, TrainingStopped
from ..lock import hold
from .checks import (
    check_best,
    check_compile,
    check_data,
    check_loop,
    check_modalities,
    check_numbers,
    check_wrapper,
)
from .launchers import is_first_rank


def set_environment(cfg: Config, args: argparse.Namespace) -> None:
    """Put launcher, rank and work folder where the runner looks for them.

    Examples:
        >>> cfg = Config()
        >>> set_environment(cfg, argparse.Namespace(
        ...     config='configs/mine.py', work_dir=None, launcher='none',
        ...     local_rank=0))
        >>> cfg.work_dir
        'work_dirs/mine'
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)


def build_runner(cfg: Config, phases: Sequence[str]) -> Runner:
    """Check a config, then build its runner.

    From here on, a training run has its work folder to itself.

    Args:
        cfg (Config): The config.
        phases (Sequence[str]): Those of ``'train'``, ``'val'`` and
            ``'test'`` that will be run.

    Raises:
        InputError: If a data set, a wrapper or a compiled step cannot be
            had, a number makes no sense, checkpoints of two modalities are
            exchanged, or another training has the work folder; nothing is
            written then.

    Examples:
        >>> from ascnet_mm.apis import read_config
        >>> cfg = read_config('ascnet_mm::ascnet/r18_folder.py', dict(
        ...     data_root='videos', work_dir='work'))  # doctest: +SKIP
        >>> runner = build_runner(cfg, ['train', 'val'])  # doctest: +SKIP
        >>> model = runner.train()  # doctest: +SKIP
    """
    check_wrapper(cfg)
    check_numbers(cfg, phases)
    if 'val' in phases:
        check_best(cfg)
    if 'train' in phases:
        check_loop(cfg)
        check_modalities(cfg)
    check_data(cfg, phases)
    check_compile(cfg)
    for phase in phases:
        loader = cfg.get(f'{phase}_dataloader')
        if loader and loader.get('num_workers') == 0:
            # torch refuses to keep workers that there are none of.
            loader.persistent_workers = False
    if 'train' in phases and is_first_rank(cfg):
        hold(cfg.work_dir)
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def run_script(main: Callable[[], None]) -> None:
    """Run a script; an input error or a lost run ends it with one sentence.

    If several ranks fail, torchrun names the first error as the cause. If
    nobody reads its output any longer, the script ends without a word. Bugs
    of MMEngine are worked around first (:func:`ascnet_mm.compat.apply`).

    Examples:
        >>> def main():
        ...     raise InputError('there is no folder data/ucf101')
        >>> run_script(main)
        Traceback (most recent call last):
            ...
        SystemExit: error: there is no folder data/ucf101
    """
    compat.apply()
    try:
        record(main)()
        # Not after an error: it could wait for what other ranks never send.
        if dist.is_initialized():
            _leave_groups()
        print(end='', flush=True)
    except InputError as error:
        sys.exit(f'error: {error.sentence}')
    except (FileNotFoundError, TrainingStopped) as error:
        sys.exit(f'error: {error}')
    except (OSError, RuntimeError) as error:
        if isinstance(error, BrokenPipeError) and _is_unread(sys.stdout):
            _discard(sys.stdout)
            sys.exit(141)  # as of a program that SIGPIPE ends
        if not (fault := transport_fault(error)):
            raise
        sys.exit(f'error: {fault}')


def _is_unread(stream: TextIO) -> bool:
    """Whether the pipe it writes to has no reader left, as after ``head``."""
    poll = select.poll()
    try:
        poll.register(stream, 0)
    except (TypeError, ValueError):  # it is no file
        return False
    gone = select.POLLERR | select.POLLHUP
    return any(event & gone for _, event in poll.poll(0))


def _discard(stream: TextIO) -> None:
    """Throw away what is still to be written, without a complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _leave_groups() -> None:
    """End the threads of gloo: one that outlives the interpreter aborts."""
    gc.collect()  # what is left of the runner holds them
    dist.destroy_process_group()
