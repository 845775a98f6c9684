"""Encoders, the methods that train them, and what they are made of."""
from .backbones import R3D, S3DG, C3DConv, Pixels, R2Plus1D
from .data_preprocessor import ClipDataPreprocessor
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank, RandomMemoryBank, TopKMemoryBank
from .recognizer import ActionRecognizer
from .selfsup import (
    BYOL,
    CBT,
    OPN,
    VCP,
    ASCNet,
    ASCNetPlus,
    Buechler,
    CBTHead,
    ClipOrder,
    ClipOrderHead,
    CoCLR,
    CoCLRHead,
    CovariancePenalty,
    DirectionPenalty,
    EncoderOnly,
    InfoNCE,
    InfoNCEHead,
    InstanceContrast,
    InstanceHead,
    MemDPC,
    MemDPCHead,
    Pace,
    PaceHead,
    PermutationHead,
    RSPHead,
    RSPNet,
    SameContextHead,
    SpeedClassification,
    SpeedHead,
    SpeedNet,
    SpeedOrder,
    SpeedRanking,
    VCPHead,
)

__all__ = [
    'ACPHead', 'ASCNet', 'ASCNetPlus', 'ActionRecognizer', 'BYOL', 'Buechler',
    'C3DConv', 'CBT', 'CBTHead', 'ClipDataPreprocessor', 'ClipOrder',
    'ClipOrderHead', 'CoCLR', 'CoCLRHead', 'CovariancePenalty',
    'DirectionPenalty', 'EncoderOnly', 'InfoNCE', 'InfoNCEHead',
    'InstanceContrast', 'InstanceHead', 'MemDPC', 'MemDPCHead', 'MemoryBank',
    'OPN', 'Pace', 'PaceHead', 'PermutationHead', 'Pixels', 'R2Plus1D', 'R3D',
    'RSPHead', 'RSPNet', 'RandomMemoryBank', 'S3DG', 'SCPHead',
    'SameContextHead', 'SpeedClassification', 'SpeedHead', 'SpeedNet',
    'SpeedOrder', 'SpeedRanking', 'TopKMemoryBank', 'VCP', 'VCPHead'
]
