"""The work of the commands, as functions."""
from ..versions import versions
from .checks import check_data, check_pretrained, check_resume, set_pretrained
from .cli import build_runner, run_script, set_environment
from .config import Options, read_config, telling_new_options
from .export import export_encoder
from .features import features_of
from .from_checkpoint import (
    read_features_config,
    take_encoder,
    take_model,
)
from .types import is_a, resolved_type
from .untrained import save_untrained

__all__ = [
    'Options', 'build_runner', 'check_data', 'check_pretrained',
    'check_resume', 'export_encoder', 'features_of', 'is_a', 'read_config',
    'read_features_config', 'resolved_type', 'run_script', 'save_untrained',
    'set_environment', 'set_pretrained', 'take_encoder', 'take_model',
    'telling_new_options', 'versions'
]
