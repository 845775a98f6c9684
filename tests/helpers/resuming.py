"""Are two checkpoints the same, bit for bit?"""
from typing import Any, List

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

PARTS = ('state_dict', 'optimizer', 'param_schedulers', 'memory_bank')


def differences(one: dict, other: dict) -> List[str]:
    """Names of what differs in two checkpoints.

    Weights, target network, optimizer, schedules, bank, and each number that
    was logged, except how long things took.
    """
    found = []
    for part in PARTS:
        _compare(one.get(part), other.get(part), part, found)
    for key in ('epoch', 'iter', 'seed', 'sampler_seed'):
        _compare(one['meta'][key], other['meta'][key], key, found)
    _compare(_logged(one), _logged(other), 'log', found)
    return found


def _logged(checkpoint: dict) -> dict:
    return {
        name: [values.tolist() for values in buffer.data]
        for name, buffer in checkpoint['message_hub']['log_scalars'].items()
        if isinstance(buffer, HistoryBuffer) and not name.endswith('time')
    }


def _compare(one: Any, other: Any, name: str, found: List[str]) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            _compare(one.get(key), other.get(key), f'{name}.{key}', found)
    elif type(one) is not type(other):
        found.append(name)
    elif isinstance(one, torch.Tensor):
        if one.dtype != other.dtype or not torch.equal(one, other):
            found.append(name)
    elif isinstance(one, (list, tuple)) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            _compare(*pair, f'{name}.{index}', found)
    elif not np.array_equal(one, other):
        found.append(name)
