"""Weights of encoders: ours strictly, those of other projects by tables."""
from .strict import (
    encoder_weights,
    load_encoder_weights,
    read_checkpoint,
    require_same_encoder,
    require_same_options,
)
from .unseen import unseen_options

__all__ = [
    'encoder_weights', 'load_encoder_weights', 'read_checkpoint',
    'require_same_encoder', 'require_same_options', 'unseen_options'
]
