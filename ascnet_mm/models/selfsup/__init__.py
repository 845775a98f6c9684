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
    require_clips,
)
from .byol import BYOL
from .encoder_only import EncoderOnly
from .infonce import InfoNCE, InfoNCEHead
from .pace import Pace, PaceHead, SameContextHead
from .rspnet import InstanceHead, RSPHead, RSPNet

__all__ = [
    'ASCNet', 'ASCNetPlus', 'BYOL', 'CovariancePenalty', 'DirectionPenalty',
    'EncoderOnly', 'InfoNCE', 'InfoNCEHead', 'InstanceContrast',
    'InstanceHead', 'MemoryBankRecognizer', 'Pace', 'PaceHead', 'RSPHead',
    'RSPNet', 'SameContextHead', 'SelfSupervisedRecognizer',
    'SpeedClassification', 'SpeedOrder', 'SpeedRanking',
    'TargetNetworkRecognizer', 'pool', 'require_clips'
]
