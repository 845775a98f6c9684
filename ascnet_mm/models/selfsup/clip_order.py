"""Clip order prediction (VCOP)."""
from itertools import combinations, permutations
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..dropout import sample_dropout
from ..heads import classify
from .base import (
    Part,
    SelfSupervisedRecognizer,
    recorded_by_sampler,
    require_ordered_clips,
)


@MODELS.register_module()
class ClipOrderHead(BaseModule):
    """Tells in which order the clips of a video stand.

    The features of each pair of clips are joined and go through a linear layer
    and ReLU, the same for all pairs. The results are joined and go through
    dropout and a linear layer, which gives a score for each order. This is the
    head of VCOP's published code, which has the form of OPN's. *Ours*: dropout
    draws from the samples' seeds.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        clips (int): Clips of a video. Defaults to 3 (VCOP's).
        hidden_channels (int): Dimension that a pair is mapped to. Defaults to
            512 (VCOP's).
        dropout (float): Share of the values of all pairs that is dropped, 0 to
            below 1. Defaults to 0.5 (VCOP's).
        reversible (bool): Treat an order and its reverse as one class (as OPN
            does), so that there are ``clips! / 2`` classes. Defaults to False.

    Raises:
        InputError: If there are fewer than two clips, with ``reversible``
            fewer than three, or if ``dropout`` is outside [0, 1).

    Examples:
        >>> head = ClipOrderHead(in_channels=32, hidden_channels=8)
        >>> losses = head.loss(
        ...     torch.rand(2, 3, 32), [(0, 1, 2), (2, 0, 1)], seeds=[7, 8])
        >>> sorted(losses), head.classifier.out_features
        (['loss_order', 'order_accuracy'], 6)
    """

    def __init__(self,
                 in_channels: int,
                 clips: int = 3,
                 hidden_channels: int = 512,
                 dropout: float = 0.5,
                 reversible: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if clips < 2 + reversible:
            raise InputError(
                'telling orders apart takes two at least: ClipOrderHead '
                f'needs 2 clips or more, 3 with reversible=True, not {clips}')
        if not 0 <= dropout < 1:
            raise InputError('ClipOrderHead: dropout lies in [0, 1), not '
                             f'{dropout}')
        self.in_channels = in_channels
        self.clips = clips
        self.dropout = dropout
        self.reversible = reversible
        self.classes = {
            order: number
            for number, order in enumerate(
                order for order in permutations(range(clips))
                if order == self._representative(order))
        }
        self.pairs = tuple(combinations(range(clips), 2))
        self.of_pair = nn.Linear(2 * in_channels, hidden_channels)
        self.classifier = nn.Linear(
            len(self.pairs) * hidden_channels, len(self.classes))

    def loss(self, x: Tensor, orders: Sequence[Tuple[int, ...]],
             seeds: Sequence[int]) -> Dict[str, Tensor]:
        """Cross entropy of the orders.

        Args:
            x (Tensor): Features of the clips in their shuffled order,
                ``[N, clips, in_channels]``.
            orders (Sequence[tuple[int]]): Their positions in time, as given by
                :class:`ShuffledClips`, N.
            seeds (Sequence[int]): ``sample_seed`` of the samples, N. Dropout
                draws from them in training.

        Returns:
            dict[str, Tensor]: ``loss_order``, averaged over the samples, and
            ``order_accuracy``, the share that is classified correctly;
            scalars.
        """
        labels = torch.tensor([
            self.classes[self._representative(tuple(order))]
            for order in orders
        ]).to(x.device, non_blocking=True)
        loss, accuracy = classify(self._logits(x, seeds), labels)
        return dict(loss_order=loss, order_accuracy=accuracy)

    def _logits(self, x: Tensor, seeds: Sequence[int]) -> Tensor:
        pairs = torch.stack([
            torch.cat((x[:, first], x[:, second]), dim=1)
            for first, second in self.pairs
        ], dim=1)  # yapf: disable
        hidden = self.of_pair(pairs).relu().flatten(1)
        if self.training and self.dropout:
            hidden = sample_dropout(hidden, self.dropout, seeds)
        return self.classifier(hidden)

    def _representative(self, order: Tuple[int, ...]) -> Tuple[int, ...]:
        """The order that names the class of an order."""
        return min(order, order[::-1]) if self.reversible else order


@MODELS.register_module()
class ClipOrder(SelfSupervisedRecognizer):
    """Predict the order of shuffled clips.

    VCOP: Xu et al., CVPR 2019. Three clips of a video, each of 16 frames and
    with 8 frames between them, are shuffled; the head tells which of the six
    orders it is.

    In the authors' code, too, each clip is cropped on its own. It trains with
    SGD at a rate of 1e-3 for 300 epochs of batches of 8, neither mirrors
    clips nor changes their colors, and leaves out videos that are too short.
    *Ours*: all clips of a batch go through the encoder at once (there one
    place of the three at a time, whose statistics BatchNorm takes); a clip is
    mirrored and changes its colors as set for the pipeline; what
    :class:`OrderedClips` does with short videos.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        clip_order_head (dict | ClipOrderHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = ClipOrder(
        ...     R3D(depth=18, base_channels=4), ClipOrderHead(32))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(order=order, sample_seed=7))
        ...     for order in ((1, 0, 2), (2, 1, 0))]
        >>> sorted(model.loss(torch.rand(2, 3, 3, 8, 32, 32), samples))
        ['loss_order', 'order_accuracy']
    """

    def __init__(self,
                 backbone: Part,
                 clip_order_head: Part,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            heads=dict(clip_order_head=clip_order_head),
            **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each clip once, with gradient."""
        clips = self.clip_order_head.clips
        return dict(forward=clips, backward=clips)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of a batch.

        Args:
            inputs (Tensor): Shuffled clips of each video,
                ``[B, clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``order`` of :class:`ShuffledClips`, and ``sample_seed``.

        Returns:
            dict[str, Tensor]: ``loss_order`` and ``order_accuracy``; scalars.

        Raises:
            InputError: If there is another number of clips, or nothing says
                their order.
        """
        require_ordered_clips(inputs, self.clip_order_head.clips,
                              'ShuffledClips')
        orders = recorded_by_sampler(data_samples, 'order', 'ShuffledClips')
        return self.clip_order_head.loss(
            self.encode_clips(inputs), orders,
            [sample.sample_seed for sample in data_samples])
