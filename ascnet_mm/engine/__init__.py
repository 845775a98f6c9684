from .hooks import (
    DeferredScalarsHook,
    InitialValidationHook,
    MemoryBankHook,
    MomentumUpdateHook,
    PretrainedEncoderHook,
    ProvenanceHook,
    SampleSeedHook,
    SkippedVideosHook,
)
from .optim_wrapper import BFloat16OptimWrapper

__all__ = [
    'BFloat16OptimWrapper', 'DeferredScalarsHook', 'InitialValidationHook',
    'MemoryBankHook', 'MomentumUpdateHook', 'PretrainedEncoderHook',
    'ProvenanceHook', 'SampleSeedHook', 'SkippedVideosHook'
]
