"""Processes in which the pretend GPU is the device."""
import json
import os
import os.path as osp
import subprocess
import sys
from typing import Any, Dict, List

ROOT = osp.abspath(osp.join(osp.dirname(__file__), *[os.pardir] * 3))


class Unavailable(RuntimeError):
    """This torch keeps what is needed in another place, or not at all."""


def run(module: str, *args: str) -> Any:
    """Run a module in a process of its own.

    Args:
        module (str): Its dotted name.
        *args: Its arguments.

    Returns:
        What it printed as its last line, from JSON.

    Raises:
        Unavailable: If the pretend GPU cannot work with this torch.
        RuntimeError: If the process failed.
    """
    paths = [ROOT, *filter(None, [os.environ.get('PYTHONPATH')])]
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', module, *args],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)),
        capture_output=True, text=True)
    last = (done.stderr.strip().splitlines() or [''])[-1]
    if 'Unavailable: ' in last:
        raise Unavailable(last.partition('Unavailable: ')[2])
    if done.returncode:
        raise RuntimeError(f'{module} failed:\n{done.stderr[-3000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def train(spec: List[dict], ranks: int = 1) -> List[Dict[str, Any]]:
    """What :func:`.training.measure` returns, one after the other.

    Args:
        spec (list[dict]): Its arguments but for the device.
        ranks (int): That the process believes in. Defaults to 1.

    Raises:
        Unavailable: If the pretend GPU cannot work with this torch.
        RuntimeError: If a training failed.
    """
    return run('ascnet_mm.benchmarking.pretend_gpu', json.dumps(spec),
               str(ranks))
