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
from .clip_order import ClipOrder, ClipOrderHead
from .encoder_only import EncoderOnly
from .memdpc import MemDPC, MemDPCHead
from .opn import OPN
from .pace import Pace, PaceHead, SameContextHead
from .rspnet import InstanceHead, RSPHead, RSPNet
from .speednet import SpeedHead, SpeedNet
from .vcp import VCP, VCPHead

__all__ = [
    'ASCNet', 'BYOL', 'ClipOrder', 'ClipOrderHead', 'EncoderOnly',
    'InstanceHead', 'MemDPC', 'MemDPCHead', 'MemoryBankRecognizer', 'OPN',
    'Pace', 'PaceHead', 'RSPHead', 'RSPNet', 'SameContextHead',
    'SelfSupervisedRecognizer', 'SpeedHead', 'SpeedNet',
    'TargetNetworkRecognizer', 'VCP', 'VCPHead', 'pool', 'require_clips',
    'require_count', 'require_ordered_clips'
]
