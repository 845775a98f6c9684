from .ascnet import ASCNet
from .backbones import R3D
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank
from .preprocessor import ClipDataPreprocessor

__all__ = [
    'ASCNet', 'ACPHead', 'SCPHead', 'MemoryBank', 'R3D',
    'ClipDataPreprocessor'
]
