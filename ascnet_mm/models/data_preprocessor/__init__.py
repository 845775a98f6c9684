"""Clips as the loader gives them, made the network's input on the device."""
from .blur import GaussianBlur
from .clips import ClipDataPreprocessor
from .color import ColorJitter
from .difference import FrameDifference
from .yuv import resize, sample_positions, yuv_to_rgb

__all__ = [
    'ClipDataPreprocessor', 'ColorJitter', 'FrameDifference', 'GaussianBlur',
    'resize', 'sample_positions', 'yuv_to_rgb'
]
