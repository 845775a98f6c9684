"""Checks of a config before a run writes its first file."""
from .checkpoints import (
    check_modalities,
    check_pretrained,
    check_resume,
    set_pretrained,
)
from .data import check_data
from .options import (
    check_best,
    check_compile,
    check_loop,
    check_numbers,
    check_wrapper,
)

__all__ = [
    'check_best', 'check_compile', 'check_data', 'check_loop',
    'check_modalities', 'check_numbers', 'check_pretrained', 'check_resume',
    'check_wrapper', 'set_pretrained'
]
