"""What the devices of this machine can do."""
import os

import torch


def cores() -> int:
    """How many CPU cores this process may run on, 1 or more."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def computes_in_bfloat16(device: str) -> bool:
    """Whether a kind of device has instructions for bfloat16.

    Args:
        device (str): ``'cpu'``, ``'cuda'`` or another of torch's types.
    """
    if device == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Since torch 2.5; oneDNN's own check also accepts emulation.
    asked = getattr(torch.cpu, '_is_avx512_bf16_supported', lambda: False)
    return device == 'cpu' and asked()
