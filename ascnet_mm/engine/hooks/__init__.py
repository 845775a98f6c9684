"""Hooks of a training run."""
from .atomic_checkpoint import AtomicCheckpointHook
from .deferred_scalars import DeferredScalarsHook
from .initial_validation import InitialValidationHook
from .memory_bank import MemoryBankHook
from .momentum_update import MomentumUpdateHook
from .pretrained_encoder import PretrainedEncoderHook
from .provenance import ProvenanceHook
from .sample_seed import SampleSeedHook
from .skipped_videos import SkippedVideosHook
from .termination import TerminationHook
from .training_health import TrainingHealthHook
from .work_folder import WorkFolderHook
from .workers import WorkersHook

__all__ = [
    'AtomicCheckpointHook', 'DeferredScalarsHook', 'InitialValidationHook',
    'MemoryBankHook', 'MomentumUpdateHook', 'PretrainedEncoderHook',
    'ProvenanceHook', 'SampleSeedHook', 'SkippedVideosHook',
    'TerminationHook', 'TrainingHealthHook', 'WorkFolderHook', 'WorkersHook'
]
