"""Processes in which the pretend GPU is the device."""
import json
import subprocess
import sys
from typing import Any

import pytest

from ..helpers.processes import ROOT


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
