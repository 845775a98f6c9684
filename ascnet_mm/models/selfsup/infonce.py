"""InfoNCE: two clips of a video among those of other videos."""
from typing import Dict, List, Union

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from ..diagnostics import feature_std
from ..heads import ContrastiveHead, info_nce
from ..memory_bank import BankEntries, MemoryBank
from .base import (
    MemoryBankRecognizer,
    Part,
    recorded_by_sampler,
    require_clips,
)


@MODELS.register_module()
class InfoNCEHead(ContrastiveHead):
    """Instance discrimination by a projection of two layers.

    The projection is MoCo v2's and CoCLR's: Linear(in, in), ReLU,
    Linear(in, out).

    Args:
        in_channels (int): As for :class:`ContrastiveHead`.
        out_channels (int): As for :class:`ContrastiveHead`.
        temperature (float): As for :class:`ContrastiveHead`.

    Examples:
        >>> head = InfoNCEHead(in_channels=32, out_channels=8)
        >>> query = head.project(torch.rand(4, 32))
        >>> key = head.project_target(torch.rand(4, 32))
        >>> negatives = query @ head.project_target(torch.rand(6, 32)).T
        >>> sorted(head.loss(query, key, negatives))
        ['loss_infonce', 'nce_accuracy']
    """

    @staticmethod
    def make_projection(in_channels: int, out_channels: int) -> nn.Module:
        """MoCo v2's two layers."""
        return nn.Sequential(
            nn.Linear(in_channels, in_channels), nn.ReLU(inplace=True),
            nn.Linear(in_channels, out_channels))

    def loss(self, query: Tensor, key: Tensor,
             negatives: Tensor) -> Dict[str, Tensor]:
        """InfoNCE of a batch.

        Args:
            query (Tensor): As for :func:`info_nce`.
            key (Tensor): As for :func:`info_nce`.
            negatives (Tensor): As for :func:`info_nce`.

        Returns:
            dict[str, Tensor]: ``loss_infonce``, and the share of queries that
            are nearer to their key than to any other, ``nce_accuracy``;
            scalars.
        """
        similarity = (query * key).sum(dim=1)
        # Without negatives none is nearer.
        nearest = F.pad(negatives, (0, 1), value=-torch.inf).amax(dim=1)
        return dict(
            loss_infonce=info_nce(query, key, negatives, self.temperature),
            nce_accuracy=(similarity > nearest).float().mean())


@MODELS.register_module()
class InfoNCE(MemoryBankRecognizer):
    """Find the other clip of a video among clips of other videos.

    MoCo (He et al., CVPR 2020) with the projection of MoCo v2, on two clips of
    a video; this is what CoCLR (Han et al., NeurIPS 2020) starts with. The
    query comes from the online network, the key from the target network, and
    keys of other videos from the memory bank, at all of its speeds. With the
    clips of ASCNet, it costs what ASCNet costs, and it shows what negatives
    are worth.

    *Ours*: the clips, at different speeds, each augmented on its own; the
    queue is the memory bank, which starts empty; keys of the query's own
    video are not negatives; BatchNorm spans the ranks in place of shuffling.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        nce_head (dict | InfoNCEHead): The head or its config.
        memory_bank (dict | MemoryBank): The bank or its config. Its ``size``
            is per speed: CoCLR's queue of 2048 for UCF-101 is 1024 for each
            of two, the default.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = InfoNCE(R3D(depth=18, base_channels=4), InfoNCEHead(32))
        >>> sample = ActionDataSample(
        ...     metainfo=dict(video_id=7, speeds=(1, 2)))
        >>> sorted(model.loss(torch.rand(2, 2, 3, 8, 32, 32), [sample] * 2))
        ['loss_infonce', 'nce_accuracy', 'nce_spread']
    """

    def __init__(self,
                 backbone: Part,
                 nce_head: Part,
                 memory_bank: Union[dict, MemoryBank] = dict(size=1024),
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            heads=dict(nce_head=nce_head),
            memory_bank=memory_bank,
            **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: The query online, the key without gradient."""
        return dict(forward=2, backward=1)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """The loss of a batch.

        Args:
            inputs (Tensor): Clips of query and key, ``[B, 2, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` (of both clips) and ``video_id``.

        Returns:
            dict[str, Tensor]: ``loss_infonce`` and the diagnostics
            ``nce_accuracy`` and ``nce_spread``; scalars.

        Raises:
            InputError: If there are not two clips, or nothing says their
                speeds.
        """
        require_clips(inputs, (0, 1))
        speeds = torch.tensor(recorded_by_sampler(
            data_samples, 'speeds', 'SpeedPairedSampleFrames'))[:, 1]
        video_ids = torch.tensor([sample.video_id for sample in data_samples])
        with torch.no_grad():
            key = self.nce_head.project_target(
                self.encode(inputs[:, 1], self.target_backbone))
        # Nothing is retrieved, so the second feature is never read.
        self._bank_entries.append(BankEntries(key, key, speeds, video_ids))

        query = self.nce_head.project(self.encode(inputs[:, 0], self.backbone))
        negatives = self.memory_bank.similarity(query, video_ids)
        return dict(
            self.nce_head.loss(query, key, negatives),
            nce_spread=feature_std(key))
