"""What keeps long runs safe: checkpoints, resuming, health, signals."""
from .atomic_checkpoint import AtomicCheckpointHook
from .loops import ResumableEpochLoop
from .provenance import ProvenanceHook
from .skipped_videos import SkippedVideosHook
from .termination import TerminationHook
from .training_health import TrainingHealthHook
from .work_folder import WorkFolderHook
from .workers import WorkersHook

__all__ = [
    'AtomicCheckpointHook', 'ProvenanceHook', 'ResumableEpochLoop',
    'SkippedVideosHook', 'TerminationHook', 'TrainingHealthHook',
    'WorkFolderHook', 'WorkersHook'
]
