from .cli import build_runner, host_parser, run_script, set_environment
from .config import OptionAction, apply_options, check_data
from .versions import versions

__all__ = [
    'OptionAction', 'apply_options', 'build_runner', 'check_data',
    'host_parser', 'run_script', 'set_environment', 'versions'
]
