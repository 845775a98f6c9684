from importlib import metadata
from typing import Dict, Optional


def versions() -> Dict[str, Optional[str]]:
    """Versions of what a result depends on; None where not installed."""
    found: Dict[str, Optional[str]] = {}
    for name in ('ascnet_mm', 'torch', 'mmengine', 'mmcv', 'mmcv-lite',
                 'mmaction2', 'decord', 'av', 'numpy'):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found
