"""What MMEngine's runner trains with: hooks, loop, optimizer wrapper."""
from .hooks import (
    DeferredScalarsHook,
    InitialValidationHook,
    MemoryBankHook,
    MomentumUpdateHook,
    OutcomesHook,
    PretrainedEncoderHook,
    RandomSizeHook,
    SampleSeedHook,
)
from .optim_wrapper import BFloat16OptimWrapper
from .reliability import (
    AtomicCheckpointHook,
    ProvenanceHook,
    ResumableEpochLoop,
    SkippedVideosHook,
    TerminationHook,
    TrainingHealthHook,
    WorkersHook,
    WorkFolderHook,
)

__all__ = [
    'AtomicCheckpointHook', 'BFloat16OptimWrapper', 'DeferredScalarsHook',
    'InitialValidationHook', 'MemoryBankHook', 'MomentumUpdateHook',
    'OutcomesHook', 'PretrainedEncoderHook', 'ProvenanceHook',
    'RandomSizeHook', 'ResumableEpochLoop', 'SampleSeedHook',
    'SkippedVideosHook', 'TerminationHook', 'TrainingHealthHook',
    'WorkFolderHook', 'WorkersHook'
]
