"""What a device can compute in."""
import torch


def computes_in_bfloat16(device: str) -> bool:
    """Whether a kind of device has instructions for bfloat16.

    Args:
        device (str): ``'cpu'``, ``'cuda'`` or another of torch's types.
    """
    if device == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Since torch 2.5; oneDNN's own question is content with emulation.
    asked = getattr(torch.cpu, '_is_avx512_bf16_supported', lambda: False)
    return device == 'cpu' and asked()
