from .ascnet import ASCNet
from .backbones import R3D, S3DG, R2Plus1D
from .byol import BYOL
from .encoder_only import EncoderOnly
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank, RandomMemoryBank
from .pace import Pace, PaceHead, SameContextHead
from .preprocessor import ClipDataPreprocessor
from .recognizer import ActionRecognizer
from .rspnet import AVIDHead, RSPHead, RSPNet

__all__ = [
    'ASCNet', 'ACPHead', 'SCPHead', 'MemoryBank', 'RandomMemoryBank', 'R3D',
    'R2Plus1D', 'S3DG', 'BYOL', 'Pace', 'PaceHead', 'SameContextHead',
    'RSPNet', 'AVIDHead', 'RSPHead', 'ActionRecognizer',
    'ClipDataPreprocessor', 'EncoderOnly'
]
