"""What the parts of a config are built from.

A type is a registered name in MMEngine's text-style configs, and a class in
its pure Python style.
"""
import inspect
from typing import Any, Optional, Tuple, Union

from mmengine.registry import DefaultScope, Registry, init_default_scope


def resolved_type(part: Any, registry: Registry) -> Optional[type]:
    """The class that a part of a config is built from.

    Args:
        part (Any): The part: a dict with a ``type``, or anything else.
        registry (Registry): Where its name is looked up.

    Returns:
        type, optional: None if the part has none, or an unknown one.

    Examples:
        >>> from mmaction.registry import MODELS
        >>> resolved_type(dict(type='mmaction.R3D', depth=18), MODELS).__name__
        'R3D'
    """
    kind = part.get('type') if isinstance(part, dict) else None
    if isinstance(kind, str):
        if DefaultScope.get_current_instance() is None:
            init_default_scope('mmaction')
        with registry.switch_scope_and_registry(None) as current:
            kind = current.get(kind)
    return kind


def is_a(part: Any, kinds: Union[type, Tuple[type, ...]],
         registry: Registry) -> bool:
    """Whether a part of a config is built from one of these classes.

    Examples:
        >>> from mmaction.registry import MODELS
        >>> from ascnet_mm.models import R3D, S3DG
        >>> is_a(dict(type='R3D', depth=18), (R3D, S3DG), MODELS)
        True
    """
    kind = resolved_type(part, registry)
    return inspect.isclass(kind) and issubclass(kind, kinds)
