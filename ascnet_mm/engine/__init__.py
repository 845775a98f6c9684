from .hooks import (
    InitialValidationHook,
    MemoryBankHook,
    MomentumUpdateHook,
    SampleSeedHook,
    SkippedVideosHook,
)

__all__ = [
    'InitialValidationHook', 'MemoryBankHook', 'MomentumUpdateHook',
    'SampleSeedHook', 'SkippedVideosHook'
]
