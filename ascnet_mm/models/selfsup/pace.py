"""Pace prediction."""
from typing import Dict, List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import all_gather, get_rank
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import classify, mlp, unit_length
from ..ranks import gather_rows
from .base import (
    Part,
    SelfSupervisedRecognizer,
    recorded_by_sampler,
    require_clips,
)


@MODELS.register_module()
class PaceHead(BaseModule):
    """Tells at which of several speeds a clip is played.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        speeds (Sequence[int]): The classes, in this order. Defaults to
            (1, 2, 3, 4) (Pace's).

    Raises:
        InputError: If a class is there twice.

    Examples:
        >>> head = PaceHead(in_channels=32, speeds=(1, 2))
        >>> losses = head.loss(torch.rand(4, 32), [1, 2, 2, 1])
        >>> sorted(losses)
        ['loss_pace', 'pace_accuracy']
    """

    def __init__(self,
                 in_channels: int,
                 speeds: Sequence[int] = (1, 2, 3, 4),
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.speeds = tuple(speeds)
        if len(set(self.speeds)) < len(self.speeds):
            raise InputError(f'speeds={self.speeds} of a classifier of '
                             'speeds: each class is to be there once')
        self.classifier = nn.Linear(in_channels, len(self.speeds))

    def loss(self, x: Tensor, speeds: Sequence[int]) -> Dict[str, Tensor]:
        """Cross entropy of the clips' speeds.

        Args:
            x (Tensor): Features, ``[N, in_channels]``.
            speeds (Sequence[int]): The speeds of the clips, N.

        Returns:
            dict[str, Tensor]: ``loss_pace``, averaged over the clips, and
            ``pace_accuracy``, the share that is classified correctly; scalars.

        Raises:
            InputError: If a clip has a speed that is no class.
        """
        unknown = set(speeds) - set(self.speeds)
        if unknown:
            raise InputError(
                f'the pipeline plays clips at {sorted(unknown)}x, but the '
                f'classes are speeds={self.speeds} of model.pace_head, or of '
                'SpeedClassification in model.terms: set both alike')
        labels = torch.tensor([self.speeds.index(speed) for speed in speeds])
        labels = labels.to(x.device, non_blocking=True)
        loss, accuracy = classify(self.classifier(x), labels)
        return dict(loss_pace=loss, pace_accuracy=accuracy)


@MODELS.register_module()
class SameContextHead(BaseModule):
    """Tells which clips of a batch are of one video, whatever their speeds.

    Pace's contrastive term for the "same context". Its code was not
    published; unit length, temperature and projection are ours, as in SimCLR.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        hidden_channels (int): Width of the hidden layer. Defaults to 4096
            (ours, as in :class:`ACPHead`).
        out_channels (int): Dimension of the projection. Defaults to 128
            (SimCLR).
        temperature (float): Divides the similarities. Defaults to 0.1
            (SimCLR).

    Examples:
        >>> head = SameContextHead(
        ...     in_channels=32, hidden_channels=16, out_channels=8)
        >>> head.loss(torch.rand(6, 32), torch.tensor([7, 8, 9])).shape
        torch.Size([])
    """

    def __init__(self,
                 in_channels: int,
                 hidden_channels: int = 4096,
                 out_channels: int = 128,
                 temperature: float = 0.1,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.projection = mlp(in_channels, hidden_channels, out_channels)
        self.temperature = temperature

    def loss(self, x: Tensor, video_ids: Tensor) -> Tensor:
        """-log(e(z_i, z_i') / (e(z_i, z_i') + sum_j e(z_i, z_j))).

        e(a, b) = exp(a b / temperature); z_i and z_i' are the clips of one
        video, z_j the clips of the batch, over all ranks, that are of
        another. Averaged over all clips.

        Args:
            x (Tensor): Features of the first clips of all videos, then of
                the second ones in the same order, ``[2 N, in_channels]``.
            video_ids (Tensor): Identities of the videos, int64 ``[N]`` on
                the CPU.

        Returns:
            Tensor: The loss, a scalar.
        """
        z = unit_length(self.projection(x))
        keys = gather_rows(z)
        partner = torch.arange(len(z), device=z.device).roll(len(video_ids))
        partner = partner + get_rank() * len(z)
        ids = video_ids.to(z.device, non_blocking=True).repeat(2)
        # Other clips of the video, and the clip itself, are no negatives.
        left_out = ids[:, None] == torch.cat(all_gather(ids))
        left_out.scatter_(1, partner[:, None], False)
        with torch.autocast(z.device.type, enabled=False):
            logits = z @ keys.T / self.temperature
        return F.cross_entropy(
            logits.masked_fill(left_out, -torch.inf), partner)


@MODELS.register_module()
class Pace(SelfSupervisedRecognizer):
    """Classify the playback speed of a clip.

    Wang et al., ECCV 2020. One linear layer tells the speed, as in the
    authors' code; there a clip may start anywhere and is looped, and each
    frame changes its colors on its own. *Ours*: a clip is looped only in a
    video that is shorter (there a clip may start anywhere); its colors change
    as one; all of the contrastive
    term but its idea, as its code was not published.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        pace_head (dict | PaceHead): The head or its config.
        same_context_head (dict, optional): Config of the
            :class:`SameContextHead`, which needs two clips of a video.
            Defaults to None: only the speed of one clip is predicted.
        contrast_weight (float): Weight of the contrastive loss relative to
            that of the speed. Defaults to 0.1 (ours).
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='Pace',
        ...     backbone=dict(type='R3D', depth=18, base_channels=4),
        ...     pace_head=dict(type='PaceHead', in_channels=32)))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(video_id=v, speeds=(speed, )))
        ...     for v, speed in enumerate((1, 4))]
        >>> sorted(model.loss(torch.rand(2, 1, 3, 8, 32, 32), samples))
        ['loss_pace', 'pace_accuracy']
    """

    def __init__(self,
                 backbone: Part,
                 pace_head: Part,
                 same_context_head: Optional[Part] = None,
                 contrast_weight: float = 0.1,
                 **kwargs) -> None:
        heads = dict(pace_head=pace_head)
        self.pattern = (0, )
        if same_context_head:
            heads['same_context_head'] = same_context_head
            self.pattern = (0, 1)
        super().__init__(backbone=backbone, heads=heads, **kwargs)
        self.contrast_weight = contrast_weight

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each clip once, with gradient."""
        return dict(forward=len(self.pattern), backward=len(self.pattern))

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): One clip of each video, or two with the
                contrastive term, ``[B, clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` (of all clips) and ``video_id``.

        Returns:
            dict[str, Tensor]: ``loss_pace``, ``pace_accuracy`` and, with the
            contrastive term, ``loss_contrast``, weighted; scalars.

        Raises:
            InputError: If there is another number of clips, or nothing says
                their speeds.
        """
        require_clips(inputs, self.pattern)
        speeds = recorded_by_sampler(
            data_samples, 'speeds', 'SpeedPairedSampleFrames')
        # All first clips, then all second ones
        x = self.encode_clips(inputs).transpose(0, 1).flatten(0, 1)
        losses = self.pace_head.loss(x, [
            speed for of_clip in zip(*speeds) for speed in of_clip])
        if 'same_context_head' in self._head_names:
            video_ids = torch.tensor([s.video_id for s in data_samples])
            losses['loss_contrast'] = (
                self.contrast_weight *
                self.same_context_head.loss(x, video_ids))
        return losses
