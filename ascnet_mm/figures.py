"""Figures in a JSON file, with everything they depend on."""
import os.path as osp
import platform
import shlex
import sys
import time
from typing import Any, Dict

import torch

from .device import computes_in_bfloat16, cores
from .files import write_json
from .versions import versions


def machine() -> Dict[str, Any]:
    """What figures depend on beside the versions."""
    model = platform.processor() or platform.machine()
    if osp.isfile('/proc/cpuinfo'):
        with open('/proc/cpuinfo') as lines:
            model = next((line.split(':', 1)[1].strip() for line in lines
                          if line.startswith('model name')), model)
    return dict(
        processor=model,
        cores=cores(),
        threads=torch.get_num_threads(),
        bf16=computes_in_bfloat16('cpu'),
        device=torch.cuda.get_device_name()
        if torch.cuda.is_available() else None)


def typed_command() -> str:
    """The command that this process was started by, as it was typed."""
    program, *arguments = sys.argv
    if osp.basename(program) == '__main__.py':
        package = osp.basename(osp.dirname(program))
        words = ['python', '-m', package]
    elif osp.basename(program) == 'ascnet-mm':
        words = ['ascnet-mm']
    else:
        words = ['python', program]
    return shlex.join([*words, *arguments])


def made_here() -> Dict[str, Any]:
    """Date, machine and versions of figures that are made now."""
    return dict(
        date=time.strftime('%Y-%m-%d'), machine=machine(), versions=versions())


def write_figures(name: str, out: str, **figures: Any) -> None:
    """Write figures, with command, date, machine and versions.

    Args:
        name (str): What was measured.
        out (str): Folder of the file ``NAME.json``.
        **figures: What was found, and with which settings.
    """
    path = osp.join(out, f'{name}.json')
    write_json(path, dict(command=typed_command(), **made_here(), **figures))
    print(f'written to {path}')
