"""BYOL on clips of a video."""
from typing import Dict, List

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ..diagnostics import feature_std
from .base import Part, TargetNetworkRecognizer, require_clips


@MODELS.register_module()
class BYOL(TargetNetworkRecognizer):
    """Predict the target's projection of one clip of a video from the other.

    Grill et al., NeurIPS 2020; with two clips of a video as the two views it
    is rho-BYOL of Feichtenhofer et al., CVPR 2021, for rho = 2. It is ASCNet
    without speeds and without other videos: the ACP task alone, in both
    directions. *Ours*: both clips play at one speed, which is drawn of the
    two of the pipeline.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        byol_head (dict | ACPHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import ACPHead, R3D
        >>> model = BYOL(
        ...     backbone=R3D(depth=18, base_channels=4),
        ...     byol_head=ACPHead(
        ...         in_channels=32, hidden_channels=16, out_channels=8))
        >>> losses = model.loss(torch.rand(2, 2, 3, 8, 32, 32), [])
        >>> sorted(losses)
        ['byol_spread', 'loss_byol']
    """

    def __init__(self, backbone: Part, byol_head: Part, **kwargs) -> None:
        super().__init__(
            backbone=backbone, heads=dict(byol_head=byol_head), **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Both clips online and target."""
        return dict(forward=4, backward=2)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """BYOL's loss: both directions, added.

        Args:
            inputs (Tensor): Two clips of each video,
                ``[B, 2, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): Not read.

        Returns:
            dict[str, Tensor]: ``loss_byol``, 0 to 8, and the diagnostic
            ``byol_spread``; scalars.

        Raises:
            InputError: If there are not two clips.
        """
        require_clips(inputs, (0, 0))
        losses, deviations = [], []
        for i, j in ((0, 1), (1, 0)):
            with torch.no_grad():
                x_j = self.encode(inputs[:, j], self.target_backbone)
                target = self.byol_head.project_target(x_j)
            predicted = self.byol_head.predict(
                self.encode(inputs[:, i], self.backbone))
            losses.append(self.byol_head.loss(predicted, target))
            deviations.append(feature_std(target))
        return dict(
            loss_byol=sum(losses),
            byol_spread=torch.stack(deviations).mean())
