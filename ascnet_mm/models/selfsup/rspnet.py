"""RSPNet: relative speed perception and instance discrimination."""
from typing import Dict, List, Optional, Union

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ...errors import InputError
from ..diagnostics import feature_std
from ..heads import ContrastiveHead, info_nce
from ..memory_bank import BankEntries, MemoryBank
from .base import (
    MemoryBankRecognizer,
    Part,
    recorded_by_sampler,
    require_clips,
)


# The second name is that of version 0.1.
@MODELS.register_module(name=['InstanceHead', 'AVIDHead'])
class InstanceHead(ContrastiveHead):
    """Appearance-focused video instance discrimination, A-VID in RSPNet.

    Args:
        in_channels (int): As for :class:`ContrastiveHead`.
        out_channels (int): As for :class:`ContrastiveHead`.
        temperature (float): As for :class:`ContrastiveHead`.

    Examples:
        >>> head = InstanceHead(in_channels=32, out_channels=8)
        >>> query = head.project(torch.rand(4, 32))
        >>> same, other = (
        ...     head.project_target(torch.rand(4, 32)) for _ in range(2))
        >>> negatives = query @ head.project_target(torch.rand(6, 32)).T
        >>> head.loss(query, same, other, negatives).shape
        torch.Size([])
    """

    def loss(self, query: Tensor, same_speed: Tensor, other_speed: Tensor,
             negatives: Tensor) -> Tensor:
        """InfoNCE for each of two positives, added.

        Args:
            query (Tensor): ``[N, out_channels]`` of :meth:`project`.
            same_speed (Tensor): Key of the same video at the same speed,
                ``[N, out_channels]``.
            other_speed (Tensor): At another speed, ``[N, out_channels]``.
            negatives (Tensor): Similarities of the queries and earlier keys,
                ``[N, M]``; -inf where one does not count.

        Returns:
            Tensor: The loss, averaged over the queries, a scalar.
        """
        return sum(
            info_nce(query, key, negatives, self.temperature)
            for key in (same_speed, other_speed))


@MODELS.register_module()
class RSPHead(ContrastiveHead):
    """Relative speed perception.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        out_channels (int): As for :class:`ContrastiveHead`.
        temperature (float): As for :class:`ContrastiveHead`.
        margin (float): By how much the similarity of equal speeds, divided
            by the temperature, has to exceed that of different ones.
            Defaults to 2 (RSPNet's code).

    Examples:
        >>> head = RSPHead(in_channels=32, out_channels=8)
        >>> query = head.project(torch.rand(4, 32))
        >>> same, other = (
        ...     head.project_target(torch.rand(4, 32)) for _ in range(2))
        >>> sorted(head.loss(query, same, other))
        ['loss_rsp', 'rsp_accuracy']
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 128,
                 temperature: float = 0.07,
                 margin: float = 2.,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(in_channels, out_channels, temperature, init_cfg)
        self.margin = margin

    def loss(self, query: Tensor, same_speed: Tensor,
             other_speed: Tensor) -> Dict[str, Tensor]:
        """max(0, margin - (q k+ - q k-) / temperature).

        Args:
            query (Tensor): ``[N, out_channels]`` of :meth:`project`.
            same_speed (Tensor): Key k+ of the same speed,
                ``[N, out_channels]``.
            other_speed (Tensor): Key k- of another, ``[N, out_channels]``.

        Returns:
            dict[str, Tensor]: ``loss_rsp``, averaged over the queries, and
            the share of queries for which the key of the same speed is more
            similar, ``rsp_accuracy``; scalars.
        """
        difference = (query * (same_speed - other_speed)).sum(dim=1)
        return dict(
            loss_rsp=F.relu(self.margin -
                            difference / self.temperature).mean(),
            rsp_accuracy=(difference > 0).float().mean())


@MODELS.register_module()
class RSPNet(MemoryBankRecognizer):
    """Find the clip of the same speed, and the clip of the same video.

    Chen et al., AAAI 2021, following the authors' code. There are three clips
    of a video: a query, a key at the same speed and a key at another speed;
    the keys are encoded by the moving average of the encoder. Relative speed
    perception ranks the two keys; instance discrimination contrasts both with
    keys of other videos from the memory bank, which are the appearance
    features of all its speeds. Each step adds its keys of the other speed to
    the bank.

    *Ours*: the queue is the memory bank, which has as many keys of either
    speed and starts empty, not with random vectors; keys of the query's own
    video are not negatives; each clip is cut and augmented on its own (there
    both keys are one window, augmented once); BatchNorm spans the ranks in
    place of shuffling.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        avid_head (dict | InstanceHead): The head or its config; checkpoints
            hold it under this name.
        rsp_head (dict | RSPHead): The head or its config.
        memory_bank (dict): Config of the :class:`MemoryBank`. Its ``size``
            is per speed: RSPNet's queue of 16384 is 8192 for each of two.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = RSPNet(
        ...     R3D(depth=18, base_channels=4), InstanceHead(32), RSPHead(32))
        >>> sample = ActionDataSample(
        ...     metainfo=dict(video_id=7, speeds=(1, 1, 2)))
        >>> losses = model.loss(torch.rand(2, 3, 3, 8, 32, 32), [sample] * 2)
        >>> sorted(key for key in losses if key.startswith('loss'))
        ['loss_avid', 'loss_rsp']
    """

    def __init__(self,
                 backbone: Part,
                 avid_head: Part,
                 rsp_head: Part,
                 memory_bank: Union[dict, MemoryBank] = dict(size=8192),
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            heads=dict(avid_head=avid_head, rsp_head=rsp_head),
            memory_bank=memory_bank,
            **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: The query online, two keys without gradient."""
        return dict(forward=3, backward=1)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch; their sum is minimized.

        Args:
            inputs (Tensor): Query, key of the same and key of another speed,
                ``[B, 3, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` (of all clips) and ``video_id``.

        Returns:
            dict[str, Tensor]: ``loss_avid``, ``loss_rsp`` and the diagnostics
            ``rsp_accuracy``, ``avid_spread`` and ``rsp_spread``; scalars.

        Raises:
            InputError: If there are other clips, or nothing says their
                speeds.
        """
        require_clips(inputs, (0, 0, 1))
        speeds = torch.tensor(recorded_by_sampler(
            data_samples, 'speeds', 'SpeedPairedSampleFrames'))
        video_ids = torch.tensor([sample.video_id for sample in data_samples])
        query, same, other = speeds.unbind(dim=1)
        if (query != same).any() or (query == other).any():
            raise InputError(
                'RSPNet compares two clips of one speed and one of another, '
                'not clips of the speeds '
                f'{tuple(data_samples[0].speeds)}: set pattern=(0, 0, 1) of '
                'SpeedPairedSampleFrames')
        (a_same, m_same), (a_other, m_other) = (
            self._keys(inputs[:, clip]) for clip in (1, 2))
        # Nothing is retrieved, so the second feature is never read.
        self._bank_entries.append(
            BankEntries(a_other, a_other, other, video_ids))

        x = self.encode(inputs[:, 0], self.backbone)
        a_query = self.avid_head.project(x)
        negatives = self.memory_bank.similarity(a_query, video_ids)
        return dict(
            self.rsp_head.loss(self.rsp_head.project(x), m_same, m_other),
            loss_avid=self.avid_head.loss(a_query, a_same, a_other,
                                          negatives),
            avid_spread=feature_std(a_same),
            rsp_spread=feature_std(m_same))

    @torch.no_grad()
    def _keys(self, clips: Tensor):
        x = self.encode(clips, self.target_backbone)
        return (self.avid_head.project_target(x),
                self.rsp_head.project_target(x))
