"""Layers in a row, the first of which may stay as they are."""
import re
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from .named_weights import named_weights


class StagedEncoder(BaseModule):
    """An encoder whose children follow one another, from the clip on.

    The first digit of a child's name says its stage, counted from 1.

    Args:
        frozen_stages (int): Last stage that is not trained, counted as in
            MMAction2's ResNets: 0 is the first one. -1 is none.
        norm_eval (bool): Whether BatchNorm keeps its running statistics in
            training.
        init_cfg (dict, optional): As for every module of MMEngine; weights of
            the type ``Pretrained`` are loaded whole or not at all.
    """

    def __init__(self, frozen_stages: int, norm_eval: bool,
                 init_cfg: Optional[dict]) -> None:
        super().__init__(init_cfg=init_cfg)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval

    def forward(self, x: Tensor) -> Tensor:
        """``[N, 3, T, H, W] -> [N, C, T', H', W']``."""
        for layer in self.children():
            x = layer(x)
        return x

    def train(self, mode: bool = True) -> 'StagedEncoder':
        """Set the mode of all that is not frozen."""
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def init_weights(self) -> None:
        """Draw weights, or load those that ``init_cfg`` names.

        Raises:
            InputError: If the checkpoint does not hold exactly the encoder's
                weights, or ``init_cfg`` names another part of it.
        """
        # It knows the encoders.
        from ..checkpoints import load_encoder_weights
        checkpoint = named_weights(self)
        if checkpoint:
            load_encoder_weights(self, checkpoint)
        else:
            super().init_weights()

    def _freeze_stages(self) -> None:
        for name, layer in self.named_children():
            stage = int(re.search(r'\d', name)[0])
            if stage <= self.frozen_stages + 1:
                layer.eval().requires_grad_(False)
