"""CBT: a contrastive bidirectional transformer over clips of a video."""
from typing import Dict, List, Optional

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import get_rank
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import classify, unit_length
from ..ranks import gather_rows
from .base import Part, SelfSupervisedRecognizer, require_ordered_clips


@MODELS.register_module()
class CBTHead(BaseModule):
    """Predicts the feature of a clip from those before and after it.

    The features of a video's clips, in temporal order, go through a linear
    layer and, with one of them masked, through a transformer. Among the
    features of all clips of the batch, the output at the masked position
    should be most similar to the feature that was masked.

    Sizes, unit length and temperature are *ours*; there is no dropout (ours),
    so that steps are the same on several ranks and in a resumed run.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        clips (int): Clips of a video. Defaults to 5.
        hidden_channels (int): Width of the transformer. Defaults to 256.
        layers (int): Number of layers of the transformer. Defaults to 2.
        attention_heads (int): Attention heads per layer; they share the width.
            Defaults to 4.
        temperature (float): Divides the similarities. Defaults to 0.07.

    Raises:
        InputError: If there are fewer than two clips, or the width cannot be
            shared.

    Examples:
        >>> head = CBTHead(in_channels=32, hidden_channels=16)
        >>> sorted(head.loss(torch.rand(2, 5, 32)))
        ['cbt_accuracy', 'loss_cbt']
    """

    def __init__(self,
                 in_channels: int,
                 clips: int = 5,
                 hidden_channels: int = 256,
                 layers: int = 2,
                 attention_heads: int = 4,
                 temperature: float = 0.07,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if clips < 2:
            raise InputError('CBTHead predicts a clip from others: it needs '
                             f'2 clips or more, not {clips}')
        if hidden_channels % attention_heads:
            raise InputError(
                f'CBTHead: hidden_channels={hidden_channels} is no multiple '
                f'of attention_heads={attention_heads}')
        self.in_channels = in_channels
        self.clips = clips
        self.temperature = temperature
        self.projection = nn.Linear(in_channels, hidden_channels)
        self.mask = nn.Parameter(0.02 * torch.randn(hidden_channels))
        self.positions = nn.Parameter(
            0.02 * torch.randn(clips, hidden_channels))
        self.transformer = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(
                hidden_channels,
                attention_heads,
                dim_feedforward=4 * hidden_channels,
                dropout=0.,
                activation='gelu',
                batch_first=True),
            layers,
            enable_nested_tensor=False)
        # Its layers are copies of one.
        for weight in self.transformer.parameters():
            if weight.ndim > 1:
                nn.init.xavier_uniform_(weight)

    def predict(self, tokens: Tensor) -> Tensor:
        """Output of the transformer for each clip when that clip is masked.

        Args:
            tokens (Tensor): Projected features, ``[N, clips, D]``.

        Returns:
            Tensor: ``[N, clips, D]``; row t depends only on the other rows.
        """
        masked = torch.eye(
            self.clips, dtype=torch.bool, device=tokens.device)[..., None]
        # [N, masked clip, clip, D]
        sequences = torch.where(masked, self.mask, tokens[:, None])
        sequences = sequences + self.positions
        found = self.transformer(sequences.flatten(0, 1))
        found = found.unflatten(0, sequences.shape[:2])
        return found.diagonal(dim1=1, dim2=2).transpose(1, 2)

    def loss(self, x: Tensor) -> Dict[str, Tensor]:
        """-log(e(p_t, z_t) / sum_j e(p_t, z_j)), e(a, b) = exp(a b / tau).

        p_t is the prediction of clip t and z_t its projected feature, at unit
        length; z_j are those of all clips of all videos of the batch, on all
        ranks. Averaged over all clips, each of which is masked once.

        Args:
            x (Tensor): Features in the order of time,
                ``[N, clips, in_channels]``.

        Returns:
            dict[str, Tensor]: ``loss_cbt``, and the share of clips whose own
            feature is the most similar one, ``cbt_accuracy``; scalars.
        """
        tokens = self.projection(x)
        predicted = unit_length(self.predict(tokens).flatten(0, 1))
        keys = gather_rows(unit_length(tokens.flatten(0, 1)))
        own = torch.arange(len(predicted), device=x.device)
        own = own + get_rank() * len(predicted)
        with torch.autocast(x.device.type, enabled=False):
            logits = predicted @ keys.T / self.temperature
        loss, accuracy = classify(logits, own)
        return dict(loss_cbt=loss, cbt_accuracy=accuracy)


@MODELS.register_module()
class CBT(SelfSupervisedRecognizer):
    """Predict the features of masked clips of a video.

    Sun et al., *Learning Video Representations using Contrastive Bidirectional
    Transformer*, 2019: a transformer sees the features of all clips of a video
    but one, and noise contrastive estimation replaces the softmax of BERT,
    because features are not words. The other half of the paper aligns videos
    with the words spoken in them; it needs speech and is left out. We know of
    no code by the authors.

    *Ours*: the sizes, the temperature and the five clips of 16 frames with 8
    between them; every clip of a sequence is masked once per step, so that
    nothing is drawn; the encoder is trained with the transformer from random
    weights, through the masked features as well; the negatives are all other
    clips of the global batch, those of the same video among them; a clip is
    cropped, mirrored and recolored on its own.

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        cbt_head (dict | CBTHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D
        >>> model = CBT(
        ...     R3D(depth=18, base_channels=4),
        ...     CBTHead(in_channels=32, clips=3, hidden_channels=16))
        >>> sorted(model.loss(torch.rand(2, 3, 3, 8, 32, 32), []))
        ['cbt_accuracy', 'loss_cbt']
    """

    def __init__(self, backbone: Part, cbt_head: Part, **kwargs) -> None:
        super().__init__(
            backbone=backbone, heads=dict(cbt_head=cbt_head), **kwargs)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Each clip once, with gradient."""
        return dict(forward=self.cbt_head.clips, backward=self.cbt_head.clips)

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of a batch.

        Args:
            inputs (Tensor): Clips of each video in the order of time,
                ``[B, clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): Not read.

        Returns:
            dict[str, Tensor]: ``loss_cbt`` and ``cbt_accuracy``; scalars.

        Raises:
            InputError: If there is another number of clips.
        """
        require_ordered_clips(inputs, self.cbt_head.clips, 'OrderedClips')
        return self.cbt_head.loss(self.encode_clips(inputs))
