"""SpeedNet: is a clip sped up?"""
from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import single
from .base import Part, SelfSupervisedRecognizer, require_count


@MODELS.register_module()
class SpeedHead(BaseModule):
    """Tells whether a clip is sped up.

    The maximum over space, then the mean over time, then one linear layer.

    Args:
        in_channels (int): Channels of the encoder's output.

    Examples:
        >>> head = SpeedHead(in_channels=32)
        >>> sped_up = torch.tensor([False, True, True, False])
        >>> sorted(head.loss(torch.rand(4, 32, 2, 3, 3), sped_up))
        ['loss_speed', 'speed_accuracy']
    """

    def __init__(self,
                 in_channels: int,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.classifier = nn.Linear(in_channels, 1)

    def loss(self, x: Tensor, sped_up: Tensor) -> Dict[str, Tensor]:
        """Binary cross entropy.

        Args:
            x (Tensor): Output of the encoder, ``[N, in_channels, T, H, W]``.
            sped_up (Tensor): Whether each clip is, bool ``[N]``.

        Returns:
            dict[str, Tensor]: ``loss_speed``, averaged over the clips, and
            ``speed_accuracy``, the share that is classified correctly;
            scalars.
        """
        logits = single(self.classifier(x.amax(dim=(3, 4)).mean(dim=2)))[:, 0]
        return dict(
            loss_speed=F.binary_cross_entropy_with_logits(
                logits, sped_up.to(logits)),
            speed_accuracy=((logits > 0) == sped_up).float().mean())


@MODELS.register_module()
class SpeedNet(SelfSupervisedRecognizer):
    """Classify whether a clip is sped up.

    Benaim et al., CVPR 2020. Each batch contains two clips of each of its
    videos, the second of which is sped up (:class:`SkippingSampleFrames`), and
    is resized to a random size (:class:`RandomSizeHook`), so that neither the
    scene nor the sharpness gives the class away.

    These are the paper's, and so are S3D-G without strides in time and what
    the head does; no code was published. *Ours*: the learning rate and
    schedule, the colors, a crop of its own for each clip, sides of 32 to 168
    pixels for R3D (half the paper's), which strides in time, and BatchNorm
    over both clips. Evaluations read the mean of the encoder's output, as for
    every method here, not the maximum that the head sees.

    A small encoder learns the task in 160 steps if all videos move alike at
    their own speed (tests/slow/test_baselines.py). On the rendered set, whose
    motions have many speeds, 600 steps of 16 videos were not enough to reach
    an accuracy of 65 % on other videos.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`; its output has
            to have the dimensions of time and space.
        speed_head (dict | SpeedHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = SpeedNet(R3D(depth=18, base_channels=4), SpeedHead(32))
        >>> sample = ActionDataSample(metainfo=dict(speeds=(1.1, 2.)))
        >>> sorted(model.loss(torch.rand(3, 2, 3, 8, 32, 32), [sample] * 3))
        ['loss_speed', 'speed_accuracy']
    """

    def __init__(self, backbone: Part, speed_head: Part, **kwargs) -> None:
        super().__init__(
            backbone=backbone, heads=dict(speed_head=speed_head), **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each clip once, with gradient."""
        return dict(forward=2, backward=2)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): Of each video a clip at its own speed and one
                that is sped up, ``[B, 2, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` of :class:`SkippingSampleFrames`.

        Returns:
            dict[str, Tensor]: As of :meth:`SpeedHead.loss`.

        Raises:
            InputError: If there is another number of clips, or the second
                clip of a video is not the faster one.
        """
        require_count(
            inputs, 2,
            'factors=((1, 1.2), (1.7, 2.2)) of SkippingSampleFrames')
        for sample in data_samples:
            own, faster = sample.get('speeds', (1, 1))
            if own >= faster:
                raise InputError(
                    'the second clip of a video has to be the faster one: '
                    'SkippingSampleFrames has to choose the clips, with '
                    'factors that do not overlap')
        # All first clips, then all second ones: one batch for BatchNorm
        x = self.encode_map(inputs.transpose(0, 1).flatten(0, 1))
        sped_up = torch.arange(len(x), device=x.device) >= len(inputs)
        return self.speed_head.loss(x, sped_up)
