"""Versions of the packages that a result depends on."""
from importlib import metadata
from typing import Dict, Optional


def versions() -> Dict[str, Optional[str]]:
    """Versions of what a result depends on; None where not installed.

    Examples:
        >>> versions()['mmengine']  # doctest: +SKIP
        '0.10.7'
    """
    found: Dict[str, Optional[str]] = {}
    for name in ('ascnet_mm', 'torch', 'mmengine', 'mmcv', 'mmcv-lite',
                 'mmaction2', 'decord', 'av', 'numpy'):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found
