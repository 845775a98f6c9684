"""How clips lie in memory for an encoder."""
import torch
from torch import Tensor


def for_convolutions(clips: Tensor) -> Tensor:
    """Clips in the layout that convolutions are fastest on.

    Under autocast, this is channels last: half-precision convolutions are made
    for it and pass it on to each other. (In the contiguous layout, several
    releases of cuDNN compute them wrongly, or torch does not use cuDNN:
    pytorch#163539, #166643.) In single precision, it costs more than it gains.

    Args:
        clips (Tensor): ``[N, 3, T, H, W]``.

    Returns:
        Tensor: The same clips; not copied if they lie so already.

    Examples:
        >>> clips = torch.rand(1, 3, 4, 8, 8)
        >>> for_convolutions(clips).stride() == clips.stride()
        True
        >>> with torch.autocast('cpu', torch.bfloat16):
        ...     for_convolutions(clips).stride()[1:]
        (1, 192, 24, 3)
    """
    if torch.is_autocast_enabled(clips.device.type):
        return clips.contiguous(memory_format=torch.channels_last_3d)
    return clips
