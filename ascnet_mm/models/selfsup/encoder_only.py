"""An encoder without heads, to be evaluated."""
from itertools import compress
from typing import Dict, List

from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ...errors import InputError
from .base import Part, SelfSupervisedRecognizer


@MODELS.register_module()
class EncoderOnly(SelfSupervisedRecognizer):
    """A trained encoder whose features are judged or written to a file.

    It has no heads and cannot be trained. In a checkpoint of a recognizer
    only ``backbone.*`` is read.

    Args:
        backbone (dict | nn.Module): The encoder or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from mmaction.registry import MODELS
        >>> model = MODELS.build(dict(
        ...     type='EncoderOnly',
        ...     backbone=dict(type='R3D', depth=18, base_channels=4)))
        >>> import torch
        >>> features, _ = model.extract_feat(torch.rand(2, 1, 3, 8, 32, 32))
        >>> features.shape
        torch.Size([2, 1, 32])
    """

    def __init__(self, backbone: Part, **kwargs) -> None:
        super().__init__(backbone=backbone, heads={}, **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: None, for it is not trained."""
        return dict(forward=0, backward=0)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Refuse to train.

        Raises:
            InputError: Always.
        """
        raise InputError('EncoderOnly has no heads to train an encoder with: '
                         'use ASCNet or one of the baselines')

    def test_step(self, data: dict) -> List[ActionDataSample]:
        """As that of the base class, for preprocessors of MMAction2 as well.

        They know no videos that cannot be read, whose inputs are None.
        """
        clips, samples = data['inputs'], data['data_samples']
        if all(part is not None for part in clips):
            return super().test_step(data)
        readable = [part is not None for part in clips]
        if not any(readable):
            return samples
        done = iter(super().test_step(
            dict(inputs=[*compress(clips, readable)],
                 data_samples=[*compress(samples, readable)])))
        return [next(done) if there else sample
                for sample, there in zip(samples, readable)]

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        # MMEngine would name every weight of the heads that trained it.
        for key in [k for k in state_dict
                    if not k.startswith(f'{prefix}backbone.')]:
            del state_dict[key]
        super()._load_from_state_dict(state_dict, prefix, *args)
