"""Hooks of the method: what happens beside each training step."""
from .deferred_scalars import DeferredScalarsHook
from .initial_validation import InitialValidationHook
from .memory_bank import MemoryBankHook
from .momentum_update import MomentumUpdateHook
from .outcomes import OutcomesHook
from .pretrained_encoder import PretrainedEncoderHook
from .random_size import RandomSizeHook
from .sample_seed import SampleSeedHook

__all__ = [
    'DeferredScalarsHook', 'InitialValidationHook', 'MemoryBankHook',
    'MomentumUpdateHook', 'OutcomesHook', 'PretrainedEncoderHook',
    'RandomSizeHook', 'SampleSeedHook'
]
