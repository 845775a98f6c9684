"""Encoders, the methods that train them, and what they are made of."""
from .backbones import R3D, S3DG, R2Plus1D
from .data_preprocessor import ClipDataPreprocessor
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank, RandomMemoryBank
from .recognizer import ActionRecognizer
from .selfsup import (
    BYOL,
    CBT,
    OPN,
    VCP,
    ASCNet,
    Buechler,
    CBTHead,
    ClipOrder,
    ClipOrderHead,
    CoCLR,
    CoCLRHead,
    EncoderOnly,
    InfoNCE,
    InfoNCEHead,
    InstanceHead,
    Pace,
    PaceHead,
    PermutationHead,
    RSPHead,
    RSPNet,
    SameContextHead,
    VCPHead,
)

__all__ = [
    'ACPHead', 'ASCNet', 'ActionRecognizer', 'BYOL', 'Buechler', 'CBT',
    'CBTHead', 'ClipDataPreprocessor', 'ClipOrder', 'ClipOrderHead', 'CoCLR',
    'CoCLRHead', 'EncoderOnly', 'InfoNCE', 'InfoNCEHead', 'InstanceHead',
    'MemoryBank', 'OPN', 'Pace', 'PaceHead', 'PermutationHead', 'R2Plus1D',
    'R3D', 'RSPHead', 'RSPNet', 'RandomMemoryBank', 'S3DG', 'SCPHead',
    'SameContextHead', 'VCP', 'VCPHead'
]
