"""Processes in which the pretend GPU is the device."""
import json
import os.path as osp
import subprocess
import sys
from typing import Any, Dict

import pytest

from ..helpers.processes import ROOT

GIBI = 2**30


def run(module: str, *args: str) -> Any:
    """Run a module of this folder; the test is skipped where torch cannot.

    Returns:
        What it printed as its last line, from JSON.
    """
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', f'tests.gpu_free.{module}',
         *args], cwd=ROOT, capture_output=True, text=True, timeout=560)
    last = (done.stderr.strip().splitlines() or [''])[-1]
    if 'Unavailable: ' in last:
        pytest.skip(last.partition('Unavailable: ')[2])
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def train(configs: Dict[str, dict], videos: str, folder: str,
          ranks: int = 1) -> Dict[str, dict]:
    """What :func:`tests.gpu_free.training.measure` says of each config.

    Args:
        configs (dict[str, dict]): Their options, by their paths.
        videos (str): A rendered set.
        folder (str): A folder that may be written to.
        ranks (int): That the process believes in. Defaults to 1.
    """
    spec = [
        dict(config=config, videos=videos, options=options,
             work_dir=osp.join(folder, str(number)))
        for number, (config, options) in enumerate(configs.items())
    ]
    return dict(zip(configs, run('training', json.dumps(spec), str(ranks))))
