"""Permutations of a clip in space and time."""
from itertools import permutations
from math import factorial
from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import classify
from .base import Part, SelfSupervisedRecognizer, require_ordered_clips

MOST_PIECES = 9  # 363 thousand permutations, a second


def permutation_set(pieces: int, count: int) -> np.ndarray:
    """Permutations far from one another.

    The first one is the original order. Each further one is the permutation
    whose smallest Hamming distance to the previous ones is the largest, as for
    the jigsaw puzzles of Noroozi and Favaro (ECCV 2016); among several, the
    first in lexicographic order.

    Args:
        pieces (int): Number of pieces to permute.
        count (int): Number of permutations.

    Returns:
        np.ndarray: int64 ``[count, pieces]``, all different.

    Raises:
        InputError: If there are not that many, or too many to choose from.

    Examples:
        >>> permutation_set(3, 3)
        array([[0, 1, 2],
               [1, 2, 0],
               [2, 0, 1]])
    """
    if pieces > MOST_PIECES:
        raise InputError(
            f'PermutationHead: pieces={pieces} have {factorial(pieces):,} '
            'permutations, and all are compared: take up to '
            f'{MOST_PIECES} pieces')
    everything = np.array(list(permutations(range(pieces))))
    if not 2 <= count <= len(everything):
        raise InputError(
            f'PermutationHead: permutations={count} of {pieces} pieces, of '
            f'which there are {len(everything)}: 2 or more can be told apart')
    chosen, nearest = [], np.full(len(everything), pieces + 1)
    for _ in range(count):
        chosen.append(everything[nearest.argmax()])
        nearest = np.minimum(nearest, (everything != chosen[-1]).sum(axis=1))
    return np.stack(chosen)


@MODELS.register_module()
class PermutationHead(BaseModule):
    """Tells by which of a fixed set of permutations pieces were shuffled.

    The features of the pieces are joined in their order and go through two
    linear layers, with ReLU between them, to a score for each permutation.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        pieces (int): Pieces of a clip. Defaults to 4 (ours).
        permutations (int): Number of classes, which :func:`permutation_set`
            chooses. Defaults to 24 (ours), all of 4 pieces.
        hidden_channels (int): Width between the linear layers. Defaults to 512
            (ours).

    Raises:
        InputError: If there are not that many permutations.

    Examples:
        >>> head = PermutationHead(in_channels=32, hidden_channels=16)
        >>> loss, accuracy = head.loss(torch.rand(2, 4, 32))
        >>> loss.shape, accuracy.shape
        (torch.Size([]), torch.Size([]))
    """

    def __init__(self,
                 in_channels: int,
                 pieces: int = 4,
                 permutations: int = 24,
                 hidden_channels: int = 512,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.pieces = pieces
        chosen = permutation_set(pieces, permutations)
        # It follows from the arguments.
        self.register_buffer(
            'orders', torch.from_numpy(chosen), persistent=False)
        self.joined = nn.Linear(pieces * in_channels, hidden_channels)
        self.classifier = nn.Linear(hidden_channels, permutations)

    def loss(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Cross entropy, averaged over all permutations of all clips.

        Args:
            x (Tensor): Features of the pieces in their own order,
                ``[N, pieces, in_channels]``.

        Returns:
            tuple[Tensor, Tensor]: The loss, and the share that is classified
            correctly; scalars.
        """
        shuffled = x[:, self.orders].flatten(2)  # [N, permutations, ...]
        logits = self.classifier(self.joined(shuffled).relu())
        labels = torch.arange(len(self.orders), device=x.device)
        labels = labels.expand(len(x), -1).flatten()
        return classify(logits.flatten(0, 1), labels)


@MODELS.register_module()
class Buechler(SelfSupervisedRecognizer):
    """Classify how a clip was shuffled in space and in time.

    Buechler, Brattoli and Ommer, *Improving Spatiotemporal Self-Supervision
    by Deep Reinforcement Learning*, ECCV 2018. One network learns both tasks:
    the order of the tiles of a picture, and that of the frames of a video.
    Each piece goes through the encoder alone, so that no border between
    pieces gives the order away.

    *Ours*: the paper's network is a CNN of pictures; here a tile is one of
    the whole clip, and a frame a segment of it. The paper draws permutations,
    and later has a policy, learned by reinforcement, choose those that the
    network gains most from. That policy is left out: as a permutation changes
    nothing but the order of features, the loss is the mean over the whole set
    instead, the expected value of uniform draws. The sizes are ours, too. The
    two losses are added.

    On rendered videos, the order of tiles is learned in a few hundred steps of
    8 clips; 400 such steps are too few to learn that of segments, which stays
    at chance.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        space_head (dict | PermutationHead): The head of the tiles, or its
            config; ``pieces`` is a square number.
        time_head (dict | PermutationHead): The head of the segments, or its
            config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Raises:
        InputError: If the number of tiles is no square.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = Buechler(
        ...     R3D(depth=18, base_channels=4), PermutationHead(32),
        ...     PermutationHead(32))
        >>> sorted(model.loss(torch.rand(2, 1, 3, 8, 32, 32), []))
        ['loss_space', 'loss_time', 'space_accuracy', 'time_accuracy']
    """

    def __init__(self,
                 backbone: Part,
                 space_head: Part,
                 time_head: Part,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            heads=dict(space_head=space_head, time_head=time_head),
            **kwargs)
        self.edge = round(self.space_head.pieces**0.5)
        if self.edge**2 != self.space_head.pieces:
            raise InputError('model.space_head.pieces is a square number, '
                             f'such as 4 or 9, not {self.space_head.pieces}')

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: The clip twice, in pieces, with gradient."""
        return dict(forward=2, backward=2)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): A clip of each video, ``[B, 1, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): Not read.

        Returns:
            dict[str, Tensor]: ``loss_space``, ``loss_time``,
            ``space_accuracy`` and ``time_accuracy``; scalars.

        Raises:
            InputError: If there is not one clip, or it cannot be cut evenly.
        """
        require_ordered_clips(inputs, 1, 'OrderedClips')
        clips, segments = inputs[:, 0], self.time_head.pieces
        frames, *size = clips.shape[2:]
        if frames % segments or any(edge % self.edge for edge in size):
            raise InputError(
                f'clips of {frames} frames and {size[1]} x {size[0]} pixels '
                f'cannot be cut into {segments} segments and {self.edge} x '
                f'{self.edge} tiles: set clip_len and scale to multiples')
        in_time = clips.unflatten(2, (segments, -1)).transpose(1, 2)
        in_space = clips.unflatten(4, (self.edge, -1)).unflatten(
            3, (self.edge, -1)).permute(3, 5, 0, 1, 2, 4, 6)
        loss_space, space_accuracy = self.space_head.loss(
            self.encode_clips(in_space.flatten(0, 1).transpose(0, 1)))
        loss_time, time_accuracy = self.time_head.loss(
            self.encode_clips(in_time))
        return dict(
            loss_space=loss_space,
            loss_time=loss_time,
            space_accuracy=space_accuracy,
            time_accuracy=time_accuracy)
