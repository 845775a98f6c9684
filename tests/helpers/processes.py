"""Scripts in processes of their own that have imported the package already.

Importing takes seconds, and the tests start a hundred scripts: each is forked
from one process that has imported everything and done nothing else.
"""
import multiprocessing
import os
import os.path as osp
import runpy
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Callable, Dict, Optional, Sequence

import torch

from .sparing import spare_time

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
PRELOADED = [
    'ascnet_mm', 'ascnet_mm.apis', 'mmaction.apis', 'torch.distributed.run',
    'matplotlib.pyplot', 'rich.progress', 'scipy.stats'
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
    return run_script(
        [osp.join(ROOT, script), *args], cwd, env=dict(env))


def run_script(argv: Sequence[str],
               cwd: str,
               env: Optional[Dict[str, str]] = None,
               timeout: float = 300) -> subprocess.CompletedProcess:
    """Run ``python argv...`` in a process that has imported the package."""
    _start_server()
    with TemporaryDirectory() as folder:
        out, err = (osp.join(folder, name) for name in ('out', 'err'))
        process = _forks.Process(
            target=_run,
            args=(list(map(str, argv)), cwd, dict(os.environ, **env or {}),
                  out, err))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(argv, timeout)
        with open(out) as stdout, open(err) as stderr:
            return subprocess.CompletedProcess(
                argv, process.exitcode, stdout.read(), stderr.read())


def spawn(function: Callable, args: tuple, nprocs: int) -> None:
    """torch's ``spawn``, of processes that have imported the package."""
    _start_server()
    torch.multiprocessing.start_processes(
        function, args, nprocs, start_method='forkserver')


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
         err: str) -> None:
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
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
    sys.path.insert(0, osp.dirname(argv[0]))
    runpy.run_path(argv[0], run_name='__main__')
