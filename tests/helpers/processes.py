"""Scripts in processes of their own that have imported the package already.

Importing takes seconds, and the tests start a hundred scripts: each is forked
from one process that has imported everything and done nothing else.
"""
import ctypes
import multiprocessing
import os
import os.path as osp
import runpy
import subprocess
import sys
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from typing import Callable, Dict, Optional, Sequence

import torch
from torch.distributed.elastic.utils.distributed import get_free_port

from .sparing import spare_time

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
PRELOADED = [
    'ascnet_mm', 'ascnet_mm.apis', 'mmaction.apis', 'torch._dynamo',
    'torch.distributed.run', 'matplotlib.pyplot', 'rich.progress',
    'scipy.stats'
]
_forks = multiprocessing.get_context('forkserver')


def run_tool(script: str,
             *args: str,
             cwd: str = ROOT,
             **env: str) -> subprocess.CompletedProcess:
    """Run a script as a user would, and keep what it prints.

    Args:
        script (str): Its path, from the root of the repository.
        *args: Its arguments.
        cwd (str): Folder to run it in.
        **env: Changes of the environment.
    """
    return run_script([osp.join(ROOT, script), *args], cwd=cwd, env=env)


def run_script(argv: Sequence[str],
               *,
               timeout: float = 300,
               **options) -> subprocess.CompletedProcess:
    """Run ``python argv...`` in a process that has imported the package.

    Args:
        argv: The script and its arguments.
        timeout (float): Seconds, after which it is killed.
        **options: Those of :func:`start_script`, but for ``out`` and ``err``.
    """
    with TemporaryDirectory() as folder:
        out, err = (osp.join(folder, name) for name in ('out', 'err'))
        process = start_script(argv, out=out, err=err, **options)
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(argv, timeout)
        with open(out) as stdout, open(err) as stderr:
            return subprocess.CompletedProcess(
                argv, process.exitcode, stdout.read(), stderr.read())


def start_script(argv: Sequence[str],
                 *,
                 cwd: str = ROOT,
                 env: Optional[Dict[str, str]] = None,
                 out: str = os.devnull,
                 err: str = os.devnull,
                 first: Optional[Callable] = None,
                 finalize: bool = False) -> BaseProcess:
    """Like :func:`run_script`, without waiting for the end.

    Args:
        argv: The script and its arguments.
        cwd (str): Folder to run it in. Defaults to that of the repository.
        env: Changes of the environment.
        out (str): File for what it prints. Defaults to none.
        err (str): File for its errors, which may be the same.
        first: A function of a module, which the process calls beforehand.
        finalize (bool): End as an interpreter does, which multiprocessing
            leaves out as it takes a while.
    """
    _start_server()
    process = _forks.Process(
        target=_run,
        args=(list(map(str, argv)), str(cwd), dict(os.environ, **env or {}),
              str(out), str(err), first, finalize))
    process.start()
    return process


def run_code(code: str, *args: str, **options) -> subprocess.CompletedProcess:
    """Run ``python -c code args...`` likewise."""
    with TemporaryDirectory() as folder:
        path = osp.join(folder, 'code.py')
        with open(path, 'w') as file:
            file.write(code)
        return run_script([path, *args], **options)


def spawn(function: Callable, args: tuple, nprocs: int) -> None:
    """torch's ``spawn``, of processes that have imported the package."""
    _start_server()
    torch.multiprocessing.start_processes(
        function, args, nprocs, start_method='forkserver')


def run_ranks(ranks: int, arguments: Sequence[str]) -> None:
    """Run ``tools/train.py arguments...`` in several ranks, as torchrun does.

    Args:
        ranks (int): How many.
        arguments: Those of the script.
    """
    port = get_free_port()
    with TemporaryDirectory() as folder:
        errors = osp.join(folder, 'errors')
        processes = [
            start_script(
                [osp.join(ROOT, 'tools', 'train.py'), *arguments,
                 '--launcher', 'pytorch'],
                env=dict(
                    RANK=str(rank), LOCAL_RANK=str(rank),
                    WORLD_SIZE=str(ranks), MASTER_ADDR='127.0.0.1',
                    MASTER_PORT=str(port)),
                err=errors) for rank in range(ranks)
        ]  # yapf: disable
        for process in processes:
            process.join(300)
            process.kill()  # if it waits for one that has failed
            process.join()
        with open(errors) as file:
            assert not any(p.exitcode for p in processes), file.read()


def _start_server() -> None:
    """Start the process that the others are forked from, once."""
    threads = os.environ.get('OMP_NUM_THREADS')
    os.environ['OMP_NUM_THREADS'] = '1'
    try:
        _forks.set_forkserver_preload(PRELOADED)
        multiprocessing.forkserver.ensure_running()
    finally:
        if threads is None:
            del os.environ['OMP_NUM_THREADS']
        else:
            os.environ['OMP_NUM_THREADS'] = threads


def _run(argv: Sequence[str], cwd: str, env: Dict[str, str], out: str,
         err: str, first: Optional[Callable], finalize: bool) -> None:
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = os.fdopen(1, 'w', closefd=False)
    sys.stderr = os.fdopen(
        2, 'w', errors='backslashreplace', closefd=False)
    os.environ.clear()
    os.environ.update(env, OMP_NUM_THREADS='1')
    os.chdir(cwd)
    sys.argv[:] = argv
    spare_time()
    if first:
        first()
    sys.path.insert(0, osp.dirname(argv[0]))
    try:
        runpy.run_path(argv[0], run_name='__main__')
    except SystemExit as stop:
        if not finalize or stop.code:
            raise
    if finalize:
        ctypes.pythonapi.Py_Exit(0)
