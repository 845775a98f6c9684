"""Ways to a device on which nobody waits for it."""
from functools import lru_cache
from typing import Dict

import torch
from torch import Tensor


def copy_aside(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy to a GPU while it computes.

    The CPU runs ahead of the GPU, so that the copy overlaps with the previous
    step. On the stream of the computations, it would be made after that step.

    Args:
        tensor (Tensor): On the CPU, in pinned memory unless the copy may
            keep the CPU waiting.
        device (torch.device): The GPU.

    Returns:
        Tensor: The copy; work launched from now on waits for it.

    Examples:
        >>> planes = torch.zeros(64, 2, 16, 192, 170).pin_memory(
        ...     )  # doctest: +SKIP
        >>> copy_aside(planes, torch.device('cuda')).device  # doctest: +SKIP
        device(type='cuda', index=0)
    """
    computing, copying = torch.cuda.current_stream(device), _stream(device)
    with torch.cuda.stream(copying):
        copy = tensor.to(device, non_blocking=True)
    computing.wait_stream(copying)
    # Its memory is not to be taken for the next copy before it was read.
    copy.record_stream(computing)
    return copy


def copy_together(parts: Dict[str, Tensor],
                  device: torch.device) -> Dict[str, Tensor]:
    """Bring small tensors to a device in one copy.

    Args:
        parts (dict[str, Tensor]): Of one dtype, on the CPU.
        device (torch.device): Where to.

    Returns:
        dict[str, Tensor]: The same there.

    Examples:
        >>> parts = dict(scale=torch.ones(2), shift=torch.zeros(1, 2))
        >>> copy_together(parts, torch.device('cpu'))
        {'scale': tensor([1., 1.]), 'shift': tensor([[0., 0.]])}
    """
    if not parts:
        return parts
    flat = torch.cat([part.flatten() for part in parts.values()])
    if device.type == 'cuda':
        flat = flat.pin_memory()
    pieces = flat.to(device, non_blocking=True).split(
        [part.numel() for part in parts.values()])
    return {
        name: piece.view(part.shape)
        for (name, part), piece in zip(parts.items(), pieces)
    }


@lru_cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)
