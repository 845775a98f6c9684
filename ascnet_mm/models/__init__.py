"""Encoders, the methods that train them, and what they are made of."""
from .backbones import R3D, S3DG, C3DConv, R2Plus1D
from .data_preprocessor import ClipDataPreprocessor
from .heads import ACPHead, SCPHead
from .memory_bank import MemoryBank, RandomMemoryBank
from .recognizer import ActionRecognizer
from .selfsup import (
    BYOL,
    OPN,
    VCP,
    ASCNet,
    ClipOrder,
    ClipOrderHead,
    EncoderOnly,
    InstanceHead,
    MemDPC,
    MemDPCHead,
    Pace,
    PaceHead,
    RSPHead,
    RSPNet,
    SameContextHead,
    SpeedHead,
    SpeedNet,
    VCPHead,
)

__all__ = [
    'ACPHead', 'ASCNet', 'ActionRecognizer', 'BYOL', 'C3DConv',
    'ClipDataPreprocessor', 'ClipOrder', 'ClipOrderHead', 'EncoderOnly',
    'InstanceHead', 'MemDPC', 'MemDPCHead', 'MemoryBank', 'OPN', 'Pace',
    'PaceHead', 'R2Plus1D', 'R3D', 'RSPHead', 'RSPNet', 'RandomMemoryBank',
    'S3DG', 'SCPHead', 'SameContextHead', 'SpeedHead', 'SpeedNet', 'VCP',
    'VCPHead'
]
