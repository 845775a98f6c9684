from .checks import check_data, check_pretrained, check_resume, set_pretrained
from .cli import build_runner, host_parser, run_script, set_environment
from .config import OptionAction, read_config
from .untrained import save_untrained
from .versions import versions

__all__ = [
    'OptionAction', 'build_runner', 'check_data', 'check_pretrained',
    'check_resume', 'host_parser', 'read_config', 'run_script',
    'save_untrained', 'set_environment', 'set_pretrained', 'versions'
]
