"""ASCNet (Huang et al., ICCV 2021) for MMAction2.

Importing the package registers every component under the scope ``mmaction``:
a config needs no more than ``custom_imports = dict(imports='ascnet_mm')``.
Bugs of MMEngine are worked around by our commands and configs, not by
importing the package (:mod:`ascnet_mm.compat`).
"""
from . import compat

compat.allow_import()

from . import datasets, engine, evaluation, models  # noqa: E402, F401
from .errors import InputError, TrainingStopped  # noqa: E402
from .inference import ClipFeatures, VideoEncoder, load_encoder  # noqa: E402
from .version import __version__  # noqa: E402

__all__ = [
    'ClipFeatures', 'InputError', 'TrainingStopped', 'VideoEncoder',
    '__version__', 'load_encoder'
]
