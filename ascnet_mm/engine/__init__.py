from .hooks import (
    InitialValidationHook,
    MemoryBankHook,
    MomentumUpdateHook,
    PretrainedEncoderHook,
    ProvenanceHook,
    SampleSeedHook,
    SkippedVideosHook,
)

__all__ = [
    'InitialValidationHook', 'MemoryBankHook', 'MomentumUpdateHook',
    'PretrainedEncoderHook', 'ProvenanceHook', 'SampleSeedHook',
    'SkippedVideosHook'
]
