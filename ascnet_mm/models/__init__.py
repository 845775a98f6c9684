from .ascnet import ASCNet
from .backbones import R3D, S3DG, R2Plus1D
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank
from .preprocessor import ClipDataPreprocessor
from .recognizer import ActionRecognizer

__all__ = [
    'ASCNet', 'ACPHead', 'SCPHead', 'MemoryBank', 'R3D', 'R2Plus1D', 'S3DG',
    'ActionRecognizer', 'ClipDataPreprocessor'
]
