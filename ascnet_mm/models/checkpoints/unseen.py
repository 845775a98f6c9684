"""What the weights of an encoder do not show."""
from typing import Any

from torch import nn

# Options that change an encoder's outputs but neither names nor shapes of its
# weights: of our encoders, and of MMAction2's ResNets
OURS = ('stem_strides', 'frame_strides')
OF_RESNETS = ('with_pool1', 'with_pool2', 'spatial_strides',
              'temporal_strides', 'dilations', 'conv1_stride_s',
              'conv1_stride_t', 'pool1_stride_s', 'pool1_stride_t', 'act_cfg')


def unseen_options(encoder: nn.Module) -> dict:
    """Options of an encoder that its weights do not show.

    Checkpoints carry them under ``meta['encoder']`` (:class:`ProvenanceHook`,
    ``tools/export.py``).

    Args:
        encoder (nn.Module): Any encoder.

    Returns:
        dict: Names and values, of plain types.

    Examples:
        >>> from ascnet_mm.models import C3DConv
        >>> unseen_options(C3DConv(base_channels=4))['max_pools'][:2]
        ((1, 2, 2), (2, 2, 2))
    """
    options = {
        name: _plain(getattr(encoder, name))
        for name in OURS + OF_RESNETS if hasattr(encoder, name)
    }
    eps = sorted({
        module.eps for module in encoder.modules()
        if isinstance(getattr(module, 'eps', None), float)
    })
    if eps:
        options['norm_cfg.eps'] = eps[0] if len(eps) == 1 else tuple(eps)
    # MMAction2's ResNet3d differs from R3D in nothing else.
    pools = [module.kernel_size for module in encoder.modules()
             if isinstance(module, nn.MaxPool3d)]
    if pools:
        options['max_pools'] = tuple(
            (size, ) * 3 if isinstance(size, int) else tuple(size)
            for size in pools)
    return options


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        # Computing in place gives the same.
        return {
            str(key): _plain(part)
            for key, part in value.items() if key != 'inplace'
        }
    if isinstance(value, (list, tuple)):
        return tuple(_plain(part) for part in value)
    return value if type(value) in (bool, int, float, str) else str(value)
