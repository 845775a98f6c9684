from ..versions import versions
from .checks import check_data, check_pretrained, check_resume, set_pretrained
from .cli import build_runner, run_script, set_environment
from .config import Options, read_config
from .types import is_a, resolved_type
from .untrained import save_untrained

__all__ = [
    'Options', 'build_runner', 'check_data', 'check_pretrained',
    'check_resume', 'is_a', 'read_config', 'resolved_type',
    'run_script', 'save_untrained', 'set_environment', 'set_pretrained',
    'versions'
]
