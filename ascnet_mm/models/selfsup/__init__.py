"""Methods that learn without labels: a file each, on a common base."""
from .ascnet import ASCNet
from .ascnet_plus import (
    ASCNetPlus,
    CovariancePenalty,
    DirectionPenalty,
    InstanceContrast,
    SpeedClassification,
    SpeedOrder,
    SpeedRanking,
)
from .base import (
    MemoryBankRecognizer,
    SelfSupervisedRecognizer,
    TargetNetworkRecognizer,
    pool,
    recorded_by_sampler,
    require_clips,
    require_count,
    require_ordered_clips,
)
from .buechler import Buechler, PermutationHead
from .byol import BYOL
from .cbt import CBT, CBTHead
from .clip_order import ClipOrder, ClipOrderHead
from .coclr import CoCLR, CoCLRHead
from .encoder_only import EncoderOnly
from .infonce import InfoNCE, InfoNCEHead
from .memdpc import MemDPC, MemDPCHead
from .opn import OPN
from .pace import Pace, PaceHead, SameContextHead
from .rspnet import InstanceHead, RSPHead, RSPNet
from .speednet import SpeedHead, SpeedNet
from .vcp import VCP, VCPHead

__all__ = [
    'ASCNet', 'ASCNetPlus', 'BYOL', 'Buechler', 'CBT', 'CBTHead', 'ClipOrder',
    'ClipOrderHead', 'CoCLR', 'CoCLRHead', 'CovariancePenalty',
    'DirectionPenalty', 'EncoderOnly', 'InfoNCE', 'InfoNCEHead',
    'InstanceContrast', 'InstanceHead', 'MemDPC', 'MemDPCHead',
    'MemoryBankRecognizer', 'OPN', 'Pace', 'PaceHead', 'PermutationHead',
    'RSPHead', 'RSPNet', 'SameContextHead', 'SelfSupervisedRecognizer',
    'SpeedClassification', 'SpeedHead', 'SpeedNet', 'SpeedOrder',
    'SpeedRanking', 'TargetNetworkRecognizer', 'VCP', 'VCPHead', 'pool',
    'require_clips', 'require_count', 'require_ordered_clips',
    'recorded_by_sampler'
]
