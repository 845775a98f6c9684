"""The registry in which parts are looked up by their names."""
from mmengine.registry import DefaultScope, init_default_scope


def ensure_scope() -> None:
    """Look parts up among MMAction2's, unless a scope is set already.

    Runners set one; examples and notebooks name parts without.

    Examples:
        >>> ensure_scope()
        >>> DefaultScope.get_current_instance().scope_name
        'mmaction'
    """
    if DefaultScope.get_current_instance() is None:
        init_default_scope('mmaction')
