"""CoCLR: positives that the other modality finds."""
import logging
import os.path as osp
from copy import deepcopy
from typing import Any, Dict, List, Optional, Tuple, Union

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.logging import print_log
from torch import Tensor, nn

from ...errors import InputError
from ..checkpoints import read_checkpoint
from ..checkpoints.foreign import under
from ..checkpoints.strict import compare, require_same_options
from ..diagnostics import feature_std
from ..heads import unit_length
from ..memory_bank import BankEntries, MemoryBank
from .base import MemoryBankRecognizer, Part, recorded_by_sampler
from .infonce import InfoNCEHead


@MODELS.register_module()
class CoCLRHead(InfoNCEHead):
    """InfoNCE with several positives, whose sum counts (as in MIL-NCE).

    Args:
        in_channels (int): As for :class:`InfoNCEHead`.
        out_channels (int): As for :class:`InfoNCEHead`.
        temperature (float): As for :class:`InfoNCEHead`. Defaults to 0.07
            (CoCLR's).

    Examples:
        >>> head = CoCLRHead(in_channels=32, out_channels=8)
        >>> query = head.project(torch.rand(4, 32))
        >>> key = head.project_target(torch.rand(4, 32))
        >>> others = query @ head.project_target(torch.rand(6, 32)).T
        >>> positive = torch.rand(4, 6) < 0.5
        >>> sorted(head.loss(query, key, others, positive))
        ['loss_coclr', 'nce_accuracy']
    """

    def loss(self, query: Tensor, key: Tensor, others: Tensor,
             positive: Tensor) -> Dict[str, Tensor]:
        """-log((e(q k) + sum_p e(q p)) / (e(q k) + sum_n e(q n))).

        e(s) = exp(s / tau); n runs over all other keys, p over those of them
        that are positives.

        Args:
            query (Tensor): ``[N, out_channels]`` of :meth:`project`.
            key (Tensor): Of the same video, ``[N, out_channels]``.
            others (Tensor): Similarities of the queries and other keys,
                ``[N, M]``; -inf where one does not count.
            positive (Tensor): Which of them are positives, bool ``[N, M]``.

        Returns:
            dict[str, Tensor]: ``loss_coclr``, averaged over the queries, and
            the share of queries whose nearest key is a positive,
            ``nce_accuracy``; scalars.
        """
        own = (query * key).sum(dim=1, keepdim=True)
        logits = torch.cat((own, others), dim=1) / self.temperature
        positive = torch.cat((torch.ones_like(own, dtype=torch.bool),
                              positive), dim=1)
        of_positives = logits.masked_fill(~positive, -torch.inf)
        loss = logits.logsumexp(dim=1) - of_positives.logsumexp(dim=1)
        nearest = logits.argmax(dim=1, keepdim=True)
        return dict(
            loss_coclr=loss.mean(),
            nce_accuracy=positive.gather(1, nearest).float().mean())


@MODELS.register_module()
class CoCLR(MemoryBankRecognizer):
    """Learn from positives that the other modality finds.

    Han et al., *Self-supervised Co-training for Video Representation
    Learning*, NeurIPS 2020. First, an encoder of RGB and one of optical flow
    are trained separately by :class:`InfoNCE`. Then they are trained in turn,
    each with the other one frozen: among the keys in the memory bank, those
    whose videos are most alike in the other modality count as positives, in
    addition to the key of the same video. Each turn is a separate training
    run, which starts with one checkpoint of each modality (``online_from``,
    ``positives_from``); there can be any number of turns.

    As in the authors' code, the frozen encoder sees the clip of the key and
    normalizes by the statistics of its training, and positives are looked for
    once the bank is full. *Ours*: flow is DIS (``ascnet-mm flow``; theirs is
    TV-L1); keys of the query's own video are neither positives nor negatives
    (in their code positives); the clips are ASCNet's, of 16 frames at two
    speeds (theirs have 32 frames); a clip of flow at 2x is every second
    picture of the flow between neighboring frames, and is cropped and mirrored
    like other pictures.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        nce_head (dict | CoCLRHead): The head or its config; checkpoints hold
            it under the name of :class:`InfoNCE`'s.
        memory_bank (dict | MemoryBank): As for :class:`InfoNCE`. Its second
            feature is the other modality's.
        topk (int): Number of positives to look for. Defaults to 5 (CoCLR's).
        other_backbone (dict | nn.Module, optional): The frozen encoder.
            Defaults to None: one like ``backbone``. Its features have the
            same dimension.
        online_from (str, optional): Checkpoint of :class:`InfoNCE` or
            :class:`CoCLR` that training starts with. Defaults to None: random
            weights.
        positives_from (str, optional): Checkpoint of the frozen encoder.
            Defaults to None: random weights, and a warning.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Raises:
        InputError: If ``topk`` is not from 1 to the size of the bank.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = CoCLR(R3D(depth=18, base_channels=4), CoCLRHead(32))
        >>> sample = ActionDataSample(
        ...     metainfo=dict(video_id=7, speeds=(1, 2, 2)))
        >>> losses = model.loss(torch.rand(2, 3, 3, 8, 32, 32), [sample] * 2)
        >>> sorted(losses)  # doctest: +NORMALIZE_WHITESPACE
        ['loss_coclr', 'mined_similarity', 'nce_accuracy', 'nce_spread']
    """

    def __init__(self,
                 backbone: Part,
                 nce_head: Part,
                 memory_bank: Union[dict, MemoryBank] = dict(size=1024),
                 topk: int = 5,
                 other_backbone: Optional[Part] = None,
                 online_from: Optional[str] = None,
                 positives_from: Optional[str] = None,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            heads=dict(nce_head=nce_head),
            memory_bank=memory_bank,
            **kwargs)
        if not 1 <= topk <= self.memory_bank.size:
            raise InputError(
                f'model.topk={topk} keys cannot be found in a memory bank of '
                f'{self.memory_bank.size} per speed')
        self.topk = topk
        if isinstance(other_backbone, dict):
            other_backbone = MODELS.build(other_backbone)
        self.other_backbone = other_backbone or deepcopy(self.backbone)
        self.other_projection = deepcopy(self.nce_head.projection)
        for part in self._frozen:
            part.requires_grad_(False).eval()
        self.online_from = online_from
        self.positives_from = positives_from

    @property
    def _frozen(self) -> List[nn.Module]:
        return [self.other_backbone, self.other_projection]

    def train(self, mode: bool = True) -> 'CoCLR':
        """MMEngine's; the frozen encoder stays in evaluation mode."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self

    def init_weights(self) -> None:
        """Initialize both networks, from their checkpoints where given.

        Raises:
            InputError: If a checkpoint is not of this encoder and head, or
                both were trained on the same videos.
        """
        super().init_weights()
        if self.online_from and self.positives_from:
            _require_two_modalities(self.online_from, self.positives_from)
        if self.online_from:
            _load(self.online_from, self.backbone, self.nce_head.projection)
            self.reset_target()
        if self.positives_from:
            _load(self.positives_from, *self._frozen)
        else:
            print_log(
                'CoCLR: the positives are those of a random encoder: set '
                'model.positives_from to a checkpoint of the other modality',
                logger='current',
                level=logging.WARNING)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: The query online, key and its pair without
        gradient.
        """
        return dict(forward=3, backward=1)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """The loss of a batch.

        Args:
            inputs (Tensor): Clips of query and key, and that of the key in
                the other modality, ``[B, 3, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` (of all clips) and ``video_id``.

        Returns:
            dict[str, Tensor]: ``loss_coclr`` and the diagnostics
            ``nce_accuracy``, ``nce_spread`` and ``mined_similarity``, that
            of a query and its positives in the other modality, 0 while there
            are none; scalars.

        Raises:
            InputError: If there are not three clips, or nothing says their
                speeds.
        """
        if inputs.shape[1] != 3:
            raise InputError(
                f'the pipeline gives {inputs.shape[1]} clips of each video, '
                'CoCLR takes 3: set pattern=(0, 1) of '
                'SpeedPairedSampleFrames, and put AppendPairedClip after '
                'DecodePlanes')
        speeds = torch.tensor(recorded_by_sampler(
            data_samples, 'speeds', 'SpeedPairedSampleFrames'))[:, 1]
        video_ids = torch.tensor([sample.video_id for sample in data_samples])
        with torch.no_grad():
            key = self.nce_head.project_target(
                self.encode(inputs[:, 1], self.target_backbone))
            other = unit_length(self.other_projection(
                self.encode(inputs[:, 2], self.other_backbone)))
            positive, similarity = self._mine(other, video_ids)
        self._bank_entries.append(BankEntries(key, other, speeds, video_ids))

        query = self.nce_head.project(self.encode(inputs[:, 0], self.backbone))
        others = self.memory_bank.similarity(query, video_ids)
        return dict(
            self.nce_head.loss(query, key, others, positive),
            nce_spread=feature_std(key),
            mined_similarity=similarity)

    def _mine(self, other: Tensor,
              video_ids: Tensor) -> Tuple[Tensor, Tensor]:
        """Which entries are positives, and how similar they are.

        Args:
            other (Tensor): Features of the other modality, ``[N, D]``.
            video_ids (Tensor): Their videos, int64 ``[N]`` on the CPU.

        Returns:
            tuple[Tensor, Tensor]: bool ``[N, M]``, and a scalar.
        """
        bank = self.memory_bank
        alike = bank.similarity(other, video_ids, of='motion')
        positive = torch.zeros_like(alike, dtype=torch.bool)
        if not bank.speeds or min(map(bank.fill, bank.speeds)) < 1:
            return positive, other.new_zeros(())
        found = alike.topk(self.topk, dim=1)
        # A bank of the query's own video alone has no positives.
        there = found.values > -torch.inf
        positive.scatter_(1, found.indices, there)
        total = found.values.where(there, other.new_zeros(())).sum()
        return positive, total / there.sum().clamp(min=1)


def require_modality(option: str, checkpoint: str, videos: str,
                     other: str) -> None:
    """Refuse a checkpoint that is known to be of the other modality.

    Args:
        option (str): ``'online_from'`` or ``'positives_from'``.
        checkpoint (str): Path of the checkpoint.
        videos (str): Folder of the videos that it should be trained on.
        other (str): Folder of the same videos in the other modality.

    Raises:
        InputError: If it was trained on those in ``other``. A checkpoint that
            names neither folder passes.
    """
    root, *_ = _videos_of(checkpoint) or [None]
    if root and osp.normpath(root) == osp.normpath(other):
        raise InputError(
            f'model.{option}={checkpoint} was trained on the videos in '
            f'{root}, and this config wants one of those in {videos}: '
            'exchange model.online_from and model.positives_from')


def _require_two_modalities(online: str, positives: str) -> None:
    """Refuse checkpoints that are known to be of the same videos."""
    videos = [_videos_of(path) for path in (online, positives)]
    if online == positives or videos[0] == videos[1] and any(videos[0]):
        raise InputError(
            f'{online} and {positives} were trained on the same videos: '
            'model.online_from and model.positives_from are of RGB and of '
            'flow, or the other way round')


def _videos_of(path: str) -> Tuple[Any, ...]:
    """What the settings in a checkpoint say of its videos."""
    found: Any = read_checkpoint(path)
    for key in ('meta', 'settings', 'train_dataloader', 'dataset'):
        found = found.get(key) if isinstance(found, dict) else None
    keys = ('data_root', 'data_prefix', 'ann_file')
    return tuple(found.get(key) for key in keys) if found else ()


def _load(path: str, encoder: nn.Module, projection: nn.Module) -> None:
    """Load an encoder and its projection from a checkpoint, all or nothing.

    Raises:
        InputError: If it does not hold exactly their weights, or its encoder
            had other options.
    """
    checkpoint = read_checkpoint(path)
    require_same_options(checkpoint, encoder)
    state = checkpoint.get('state_dict', {})
    parts = {'backbone.': encoder, 'nce_head.projection.': projection}
    for prefix, part in parts.items():
        faults = compare(part.state_dict(), under(prefix, state))
        if faults:
            raise InputError(
                f'{path} is no checkpoint of InfoNCE or CoCLR with the '
                f"encoder of the config: under '{prefix}' there are {faults}")
    for prefix, part in parts.items():
        part.load_state_dict(under(prefix, state))
