from .config import apply_options

__all__ = ['apply_options']
