"""What MMEngine's runner trains with: hooks, loop, optimizer wrapper."""
from .hooks import (
    AtomicCheckpointHook,
    DeferredScalarsHook,
    InitialValidationHook,
    MemoryBankHook,
    MomentumUpdateHook,
    PretrainedEncoderHook,
    ProvenanceHook,
    SampleSeedHook,
    SkippedVideosHook,
    TerminationHook,
    TrainingHealthHook,
    WorkersHook,
    WorkFolderHook,
)
from .loops import ResumableEpochLoop
from .optim_wrapper import BFloat16OptimWrapper

__all__ = [
    'AtomicCheckpointHook', 'BFloat16OptimWrapper', 'DeferredScalarsHook',
    'InitialValidationHook', 'MemoryBankHook', 'MomentumUpdateHook',
    'PretrainedEncoderHook', 'ProvenanceHook', 'ResumableEpochLoop',
    'SampleSeedHook', 'SkippedVideosHook', 'TerminationHook',
    'TrainingHealthHook', 'WorkFolderHook', 'WorkersHook'
]
