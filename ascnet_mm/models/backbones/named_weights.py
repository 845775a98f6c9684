"""The checkpoint that an encoder's config names."""
from typing import Optional

from mmengine.model import BaseModule

from ...errors import InputError


def named_weights(encoder: BaseModule) -> Optional[str]:
    """The checkpoint in an encoder's ``init_cfg``, of the type ``Pretrained``.

    MMEngine takes what fits of it, MMAction2's ResNets pass over it.

    Args:
        encoder (BaseModule): The encoder.

    Returns:
        str: Its path, or None.

    Raises:
        InputError: If ``init_cfg`` names another part of the checkpoint.
    """
    given = encoder.init_cfg if isinstance(encoder.init_cfg, dict) else {}
    if given.get('type') != 'Pretrained':
        return None
    prefix = given.get('prefix')
    if prefix not in (None, 'backbone', 'backbone.'):
        raise InputError(
            f'init_cfg.prefix={prefix!r} of {type(encoder).__name__}: '
            "the weights of an encoder lie under 'backbone.'")
    return given['checkpoint']
