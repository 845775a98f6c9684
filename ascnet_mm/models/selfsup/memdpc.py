"""MemDPC: the coming blocks of a video, predicted through a memory."""
from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import get_rank
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import classify, single
from ..ranks import gather_rows
from .base import Part, SelfSupervisedRecognizer, require_ordered_clips


class ConvGRU(nn.Module):
    """A convolutional GRU whose kernels are 1x1: each position by itself.

    Args:
        channels (int): Of input and state.
        dropout (float): Probability with which an element of a new state is
            left out, in training.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.reset = nn.Linear(2 * channels, channels)
        self.update = nn.Linear(2 * channels, channels)
        self.candidate = nn.Linear(2 * channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """The next state.

        Args:
            x (Tensor): ``[..., channels]``.
            state (Tensor): Of the same shape.

        Returns:
            Tensor: Of the same shape.
        """
        both = torch.cat((x, state), dim=-1)
        reset, update = self.reset(both).sigmoid(), self.update(both).sigmoid()
        candidate = self.candidate(
            torch.cat((x, reset * state), dim=-1)).tanh()
        # Autocast leaves the state of an encoder that ends in single
        # precision as it is, but not what the layers make of it.
        return self.dropout(
            torch.lerp(state, candidate.to(state), update.to(state)))


@MODELS.register_module()
class MemDPCHead(BaseModule):
    """Predicts the features of coming blocks, from each end of a video.

    A GRU summarizes the blocks so far. Its state addresses the slots of a
    memory; the prediction is the mean of the slots, weighted by the softmax of
    the addresses, and it is the next input of the GRU. Blocks in reverse order
    have a GRU of their own; the memory and the addressing are shared.

    Args:
        in_channels (int): Channels of the encoder's output.
        slots (int): Number of slots of the memory. Defaults to 1024
            (MemDPC's).
        steps (int): How many blocks are predicted. Defaults to 3 (MemDPC's).
        dropout (float): Dropout of the GRUs' states. Defaults to 0.1 (MemDPC's
            code).

    Examples:
        >>> head = MemDPCHead(in_channels=32, slots=7)
        >>> sorted(head.loss(torch.rand(2, 8, 4, 32)))
        ['loss_memdpc', 'memdpc_accuracy']
    """

    def __init__(self,
                 in_channels: int,
                 slots: int = 1024,
                 steps: int = 3,
                 dropout: float = 0.1,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.steps = steps
        self.forward_gru = ConvGRU(in_channels, dropout)
        self.backward_gru = ConvGRU(in_channels, dropout)
        self.address = nn.Sequential(
            nn.Linear(in_channels, in_channels), nn.ReLU(inplace=True),
            nn.Linear(in_channels, slots))
        self.memory = nn.Parameter(torch.randn(slots, in_channels))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):  # as in MemDPC's code
                nn.init.orthogonal_(layer.weight, gain=0.1)
                nn.init.zeros_(layer.bias)

    def predict(self, x: Tensor, gru: ConvGRU) -> Tensor:
        """The coming blocks.

        Args:
            x (Tensor): Blocks so far, ``[B, blocks, positions,
                in_channels]``.
            gru (ConvGRU): That sums them up.

        Returns:
            Tensor: ``[B, steps, positions, in_channels]``.
        """
        state = torch.zeros_like(x[:, 0])
        for block in x.unbind(dim=1):
            state = gru(F.relu(block), state)
        predicted = []
        for step in range(self.steps):
            if step:
                state = gru(F.relu(predicted[-1]), state)
            predicted.append(
                self.address(state).softmax(dim=-1) @ self.memory)
        return torch.stack(predicted, dim=1)

    def loss(self, x: Tensor) -> Dict[str, Tensor]:
        """Cross entropy of identifying the predicted block and position.

        Each prediction is compared, by the inner product, with the features of
        all positions of all blocks to be predicted in the whole batch, that of
        all ranks; its own features are the correct ones.

        Args:
            x (Tensor): All blocks, ``[B, blocks, positions, in_channels]``.

        Returns:
            dict[str, Tensor]: ``loss_memdpc``, averaged over the predictions
            and added over both directions, and the share of predictions most
            like their own features, ``memdpc_accuracy``; scalars.
        """
        losses, right = [], []
        for blocks, gru in ((x, self.forward_gru),
                            (x.flip(1), self.backward_gru)):
            predicted = self.predict(blocks[:, :-self.steps], gru)
            logits = _inner_products(
                predicted.flatten(0, 2), blocks[:, -self.steps:].flatten(0, 2))
            own = torch.arange(len(logits), device=logits.device)
            own = own + get_rank() * len(logits)
            loss, accuracy = classify(logits, own)
            losses.append(loss)
            right.append(accuracy)
        return dict(
            loss_memdpc=sum(losses), memdpc_accuracy=sum(right) / len(right))


@MODELS.register_module()
class MemDPC(SelfSupervisedRecognizer):
    """Predict the features of coming blocks of a video.

    Han et al., ECCV 2020. Consecutive blocks of a few frames
    (:class:`OrderedClips`) go through the encoder separately. The last three
    are predicted from those before them, and the first three from those after
    them (:class:`MemDPCHead`).

    From the paper and its authors' code: 8 blocks of 5 frames, every third of
    the video; the mean of a block's features over time; the head with its
    kernels, initial weights and dropout. Their encoder is a ResNet whose first
    stages are 2D, whose last one has 256 channels, and whose features are
    compared before the last ReLU; they train by Adam with a rate of 1e-3, at
    128 or 224 pixels, and change the colors of each frame by itself. *Ours*:
    ASCNet's encoder, which ends with a ReLU (there the first stages are 2-D,
    the last has 256 channels, and features are compared before its ReLU), and
    schedule, colors of its own for each block, and features of all ranks to
    choose from, where theirs are those of a GPU.

    All blocks of a video have to be cropped alike (``per_clip=False`` of
    :class:`SampleCrops`), as in the authors' code.

    In :attr:`encoder_passes`, a pass is that of one block, of 5 frames. After
    160 steps of 16 videos, a small encoder is several times better than chance
    on other videos (tests/slow/test_baselines.py).

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`; its output has
            to have the dimensions of time and space.
        memdpc_head (dict | MemDPCHead): The head or its config.
        blocks (int): Blocks of a video. Defaults to 8 (MemDPC's).
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Raises:
        InputError: If there are not fewer blocks to predict than blocks.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = MemDPC(
        ...     R3D(depth=18, base_channels=4), MemDPCHead(32, slots=7))
        >>> samples = [ActionDataSample()] * 2
        >>> sorted(model.loss(torch.rand(2, 8, 3, 5, 32, 32), samples))
        ['loss_memdpc', 'memdpc_accuracy']
    """

    def __init__(self,
                 backbone: Part,
                 memdpc_head: Part,
                 blocks: int = 8,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone, heads=dict(memdpc_head=memdpc_head), **kwargs)
        if not 1 <= self.memdpc_head.steps < blocks:
            raise InputError(
                f'MemDPC: memdpc_head.steps={self.memdpc_head.steps} blocks '
                f'are predicted from those before them, and blocks={blocks}: '
                'set 1 or more, and fewer than there are blocks')
        self.blocks = blocks

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each block once, with gradient."""
        return dict(forward=self.blocks, backward=self.blocks)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): The blocks in their order,
                ``[B, blocks, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``yuv420`` where the loader gives planes.

        Returns:
            dict[str, Tensor]: As of :meth:`MemDPCHead.loss`.

        Raises:
            InputError: If there is another number of blocks, or those of a
                video are not cut alike.
        """
        require_ordered_clips(inputs, self.blocks, 'OrderedClips')
        for sample in data_samples:
            cut = sample.get('yuv420')
            if cut and len(set(zip(cut.crops, cut.flips))) > 1:
                raise InputError(
                    'MemDPC compares places of different blocks, which have '
                    'to be cut alike: set per_clip=False of SampleCrops')
        x = self.encode_map(inputs.flatten(0, 1)).mean(dim=2)
        # Positions as rows: [B, blocks, H' W', C]
        x = x.flatten(2).transpose(1, 2).unflatten(0, (len(inputs), -1))
        return self.memdpc_head.loss(x)


def _inner_products(predicted: Tensor, features: Tensor) -> Tensor:
    """Of rows with those of all ranks, in single precision at least."""
    features = gather_rows(features)
    with torch.autocast(predicted.device.type, enabled=False):
        return single(predicted) @ single(features).T
