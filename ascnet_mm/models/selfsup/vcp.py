"""The video cloze procedure (VCP)."""
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..data_preprocessor.copying import copy_together
from ..draws import sample_generator
from ..heads import classify
from .base import (
    Part,
    SelfSupervisedRecognizer,
    recorded_by_sampler,
    require_ordered_clips,
)


@MODELS.register_module()
class VCPHead(BaseModule):
    """Tells which operation the middle one of a video's clips underwent.

    A linear layer on the joined features of all clips.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        clips (int): Clips of a video. Defaults to 3 (VCP's).
        operations (Sequence[str]): The classes, in this order. Defaults to
            VCP's five.

    Examples:
        >>> head = VCPHead(in_channels=32)
        >>> losses = head.loss(torch.rand(2, 3, 32), ['rotation', 'none'])
        >>> sorted(losses), head.classifier.out_features
        (['loss_vcp', 'vcp_accuracy'], 5)
    """

    def __init__(self,
                 in_channels: int,
                 clips: int = 3,
                 operations: Sequence[str] = ('none', 'rotation', 'tiles',
                                              'quarters', 'remote'),
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.clips = clips
        self.operations = tuple(operations)
        self.classifier = nn.Linear(clips * in_channels, len(self.operations))

    def loss(self, x: Tensor, operations: Sequence[str]) -> Dict[str, Tensor]:
        """Cross entropy of the operations.

        Args:
            x (Tensor): Features of the clips, ``[N, clips, in_channels]``.
            operations (Sequence[str]): What their middle ones underwent, N.

        Returns:
            dict[str, Tensor]: ``loss_vcp``, averaged over the samples, and
            ``vcp_accuracy``, the share that is classified correctly; scalars.

        Raises:
            InputError: If an operation is no class.
        """
        unknown = set(operations) - set(self.operations)
        if unknown:
            raise InputError(
                f'the pipeline does {sorted(unknown)} to clips, the classes '
                f'are model.vcp_head.operations={self.operations}: set '
                'operations of ClozeClips and of the head alike')
        labels = torch.tensor(
            [self.operations.index(name) for name in operations])
        labels = labels.to(x.device, non_blocking=True)
        loss, accuracy = classify(self.classifier(x.flatten(1)), labels)
        return dict(loss_vcp=loss, vcp_accuracy=accuracy)


@MODELS.register_module()
class VCP(SelfSupervisedRecognizer):
    """Classify what was done to the middle one of three clips.

    VCP: Luo et al., AAAI 2020. The middle clip stays as it is, is turned by
    90, 180 or 270 degrees, has its four tiles or two of its quarters in time
    change places, or gives way to a remote clip; :class:`ClozeClips` chooses
    the operation and the frames.

    No code by the authors is known. That a remote clip is at least 16 frames
    away, and that two quarters change places, is taken from an unofficial
    implementation. There, clips start 11 frames apart and overlap, because the
    number of clips is added where their length is meant; a video needs room
    for a remote clip on both sides; and tiles always change places in the same
    way.
    *Ours*: 8 frames between clips, as in VCOP's code; room on one side is
    enough; tiles take any of the 23 other orders; all clips of a batch go
    through the encoder at once.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        vcp_head (dict | VCPHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = VCP(R3D(depth=18, base_channels=4), VCPHead(32))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(operation=done, sample_seed=7))
        ...     for done in ('rotation', 'remote')]
        >>> sorted(model.loss(torch.rand(2, 3, 3, 8, 32, 32), samples))
        ['loss_vcp', 'vcp_accuracy']
    """

    def __init__(self, backbone: Part, vcp_head: Part, **kwargs) -> None:
        super().__init__(
            backbone=backbone, heads=dict(vcp_head=vcp_head), **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each clip once, with gradient."""
        clips = self.vcp_head.clips
        return dict(forward=clips, backward=clips)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of a batch.

        Args:
            inputs (Tensor): Clips of each video in the order of time,
                ``[B, clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``operation`` of :class:`ClozeClips`, and ``sample_seed``.

        Returns:
            dict[str, Tensor]: ``loss_vcp`` and ``vcp_accuracy``; scalars.

        Raises:
            InputError: If there is another number of clips, if nothing says
                what was done to them, or if they are not squares of an even
                number of pixels.
        """
        require_ordered_clips(inputs, self.vcp_head.clips, 'ClozeClips')
        operations = recorded_by_sampler(
            data_samples, 'operation', 'ClozeClips')
        clips = list(inputs.unbind(dim=1))
        middle = len(clips) // 2
        clips[middle] = move_pixels(
            clips[middle], operations,
            [sample.sample_seed for sample in data_samples])
        x = self.encode_clips(torch.stack(clips).transpose(0, 1))
        return self.vcp_head.loss(x, operations)


def move_pixels(clips: Tensor, operations: Sequence[str],
                seeds: Sequence[int]) -> Tensor:
    """Turn clips, or change the places of their tiles.

    How is drawn from the samples' seeds. All clips are moved at once, by one
    gathering; six numbers of each go to the device.

    Args:
        clips (Tensor): ``[N, 3, T, H, W]``.
        operations (Sequence[str]): Of each; all but ``'rotation'`` and
            ``'tiles'`` leave it as it is.
        seeds (Sequence[int]): ``sample_seed`` of the samples, N.

    Returns:
        Tensor: The same shape.

    Raises:
        InputError: If the clips are not squares of an even number of pixels.

    Examples:
        >>> clip = torch.arange(4.).view(1, 1, 1, 2, 2)
        >>> move_pixels(clip, ['rotation'], seeds=[3]).flatten()
        tensor([1., 3., 0., 2.])
    """
    height, width = clips.shape[-2:]
    if height != width or height % 2:
        raise InputError(
            'VCP turns clips and cuts them into 2 x 2 tiles: they have to be '
            'squares of an even number of pixels, not '
            f'{height} x {width}; set scale of SampleCrops')
    moves = torch.tensor([
        _move(name, seed, height) for name, seed in zip(operations, seeds)
    ])
    moves = copy_together(dict(moves=moves), clips.device)['moves']
    line = torch.arange(height, device=clips.device)
    far = (line >= height // 2).long()
    tile = (2 * far[:, None] + far).flatten()
    down, across = moves[:, :1, None], moves[:, 1:2, None]
    places = (down * line[:, None] + across * line).flatten(1)
    places += moves[:, 2:].index_select(1, tile)
    places = places[:, None, None].expand(-1, *clips.shape[1:3], -1)
    return clips.flatten(3).gather(3, places).view_as(clips)


def _move(operation: str, seed: int, side: int) -> List[int]:
    """Where a clip's pixels come from, by numbers of pixels from 0.

    Returns:
        list[int]: By how much the number grows from a row of the result to
        the next, and from a column to the next; and what is added to it in
        each of the tiles, row by row.
    """
    rng = sample_generator(seed, 'operation')
    if operation == 'rotation':
        return [
            (-1, side, *[side - 1] * 4),
            (-side, -1, *[side**2 - 1] * 4),
            (1, -side, *[side * (side - 1)] * 4),
        ][rng.integers(3)]
    order = np.arange(4)
    while operation == 'tiles' and (order == np.arange(4)).all():
        order = rng.permutation(4)
    rows, columns = order // 2 - [0, 0, 1, 1], order % 2 - [0, 1, 0, 1]
    return [side, 1, *(side // 2 * (side * rows + columns)).tolist()]
