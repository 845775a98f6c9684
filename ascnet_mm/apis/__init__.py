from .config import apply_options
from .versions import versions

__all__ = ['apply_options', 'versions']
