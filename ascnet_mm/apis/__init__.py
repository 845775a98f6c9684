from .config import OptionAction, apply_options, check_data
from .versions import versions

__all__ = ['OptionAction', 'apply_options', 'check_data', 'versions']
