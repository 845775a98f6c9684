"""The order prediction network (OPN)."""
from typing import Dict, List

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ..data_preprocessor.copying import copy_together
from ..draws import sample_generator
from .clip_order import ClipOrder


@MODELS.register_module()
class OPN(ClipOrder):
    """Predict the order of shuffled frames.

    OPN: Lee et al., ICCV 2017. Four frames of a video are shuffled. An order
    and its reverse are one of 12 classes (``reversible`` of the head), because
    many motions look the same backward. Each frame shows one of its three
    channels, drawn for itself, in place of all three, so that colors do not
    give the order away.

    In the authors' code the encoder is CaffeNet, which sees 80 x 80 pixels of
    a frame; each of the four crops is shifted by up to 5 pixels, and all or
    none of the frames are mirrored; the head has BatchNorm and a further
    layer of 1024. The paper chooses frames by the motion between them.
    *Ours*: any encoder, and a 3-D one sees a frame as a still clip
    (``frame_interval=0`` of :class:`ShuffledClips`; there it is CaffeNet, on
    80 x 80 pixels); frames at even distances, 9 apart (there chosen by the
    motion between them); the head is that of VCOP's code (there with BatchNorm
    and one more layer); a channel is taken after normalization; each frame is
    cropped and mirrored on its own, as set for the pipeline (there a crop is
    shifted by up to 5 pixels, and all frames of a sample are mirrored or
    none).

    Args:
        backbone (dict | nn.Module): As for :class:`ASCNet`.
        clip_order_head (dict | ClipOrderHead): The head or its config.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Examples:
        >>> from ascnet_mm.models import R3D, ClipOrderHead
        >>> model = OPN(
        ...     R3D(depth=18, base_channels=4),
        ...     ClipOrderHead(32, clips=4, reversible=True))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(order=order, sample_seed=7))
        ...     for order in ((1, 0, 2, 3), (3, 2, 0, 1))]
        >>> sorted(model.loss(torch.rand(2, 4, 3, 8, 32, 32), samples))
        ['loss_order', 'order_accuracy']
    """

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of a batch.

        Args:
            inputs (Tensor): Shuffled frames of each video, as clips,
                ``[B, clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): As for :class:`ClipOrder`.

        Returns:
            dict[str, Tensor]: As of :class:`ClipOrder`.

        Raises:
            InputError: As of :class:`ClipOrder`.
        """
        channels = torch.from_numpy(np.stack([
            sample_generator(sample.sample_seed, 'channel').integers(
                3, size=inputs.shape[1]) for sample in data_samples
        ]))  # yapf: disable
        channels = copy_together(dict(channels=channels),
                                 inputs.device)['channels']
        return super().loss(one_channel(inputs, channels), data_samples)


def one_channel(clips: Tensor, channels: Tensor) -> Tensor:
    """Show one channel of each clip in place of all three.

    Args:
        clips (Tensor): ``[B, clips, 3, T, H, W]``.
        channels (Tensor): Which one, int64 ``[B, clips]``.

    Returns:
        Tensor: The same shape, each ``[:, clip]`` contiguous but for its
        channels, which are the same memory.

    Examples:
        >>> clips = torch.arange(3.).view(1, 1, 3, 1, 1, 1)
        >>> one_channel(clips, torch.tensor([[2]])).flatten()
        tensor([2., 2., 2.])
    """
    clips = clips.transpose(0, 1)  # as they lie in memory
    places = channels.T[..., None, None, None, None].expand(
        -1, -1, 1, *clips.shape[3:])
    return clips.gather(2, places).expand(-1, -1, 3, -1, -1, -1).transpose(
        0, 1)
