"""Methods that learn without labels: a file each, on a common base."""
from .ascnet import ASCNet
from .base import (
    MemoryBankRecognizer,
    SelfSupervisedRecognizer,
    TargetNetworkRecognizer,
    pool,
    require_clips,
    require_count,
    require_ordered_clips,
)
from .byol import BYOL
from .encoder_only import EncoderOnly
from .memdpc import MemDPC, MemDPCHead
from .pace import Pace, PaceHead, SameContextHead
from .rspnet import InstanceHead, RSPHead, RSPNet
from .speednet import SpeedHead, SpeedNet

__all__ = [
    'ASCNet', 'BYOL', 'EncoderOnly', 'InstanceHead', 'MemDPC', 'MemDPCHead',
    'MemoryBankRecognizer', 'Pace', 'PaceHead', 'RSPHead', 'RSPNet',
    'SameContextHead', 'SelfSupervisedRecognizer', 'SpeedHead', 'SpeedNet',
    'TargetNetworkRecognizer', 'pool', 'require_clips', 'require_count',
    'require_ordered_clips'
]
