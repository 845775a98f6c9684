"""From the clips of the loader to the input of the model."""
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmaction.models import ActionDataPreprocessor
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ...errors import InputError
from ...yuv420 import Yuv420
from .blur import GaussianBlur
from .color import ColorJitter
from .yuv import cut_clip, yuv_to_rgb


@MODELS.register_module()
class ClipDataPreprocessor(ActionDataPreprocessor):
    """Stack clips, augment and normalize them on the device.

    Clips come as RGB frames, or as color planes whose crops are still to be
    cut (``DecodePlanes``, ``SampleCrops``). In training the colors of each
    clip are changed in their own way, the same for all its frames. The draws
    depend on the samples' ``sample_seed`` alone. Work goes clip by clip, so
    that no second float copy of the batch is held.

    Args:
        mean (Sequence[float]): Channel means in 0 to 255.
        std (Sequence[float]): Channel standard deviations in 0 to 255.
        augmentation (dict, optional): Arguments of :class:`ColorJitter`.
            Defaults to None: none.
        blur (dict, optional): Arguments of :class:`GaussianBlur`. Defaults
            to None: none.

    Examples:
        >>> preprocessor = ClipDataPreprocessor(
        ...     mean=[128] * 3, std=[64] * 3, blur=dict(prob=0.5))
        >>> sample = ActionDataSample(metainfo=dict(sample_seed=7))
        >>> clips = torch.zeros(2, 3, 4, 8, 8, dtype=torch.uint8)
        >>> batch = preprocessor(
        ...     dict(inputs=[clips], data_samples=[sample]), training=True)
        >>> batch['inputs'].shape, batch['inputs'].unique()
        (torch.Size([1, 2, 3, 4, 8, 8]), tensor([-2.]))
    """

    def __init__(self,
                 mean: Sequence[float],
                 std: Sequence[float],
                 augmentation: Optional[dict] = None,
                 blur: Optional[dict] = None) -> None:
        super().__init__(mean=mean, std=std, format_shape='NCTHW')
        # From pinned memory the copy to a GPU then overlaps with the step.
        self._non_blocking = True
        self.augmentation = augmentation and ColorJitter(**augmentation)
        self.blur = None if blur is None else GaussianBlur(**blur)

    def preprocess(self,
                   inputs: List[Optional[Tensor]],
                   data_samples: list,
                   training: bool = False) -> Tuple[Optional[Tensor], list]:
        """Make the model's input of a batch.

        Args:
            inputs (list[Tensor | None]): Per sample uint8
                ``[clips, 3, T, H, W]``, or planes ``[clips, T, 3 H / 2, W]``,
                or None where a video of a test set could not be read.
            data_samples (list[ActionDataSample]): Their samples; those of
                planes have the metainfo ``yuv420``, a :class:`Yuv420`.
            training (bool): Whether to augment.

        Returns:
            tuple: float32 ``[B', clips, 3, T, H, W]`` of the B' readable
            samples (None if there are none), each ``[:, clip]`` contiguous;
            and all data samples.

        Raises:
            InputError: If planes come without ``yuv420``.
        """
        readable = [pair for pair in zip(inputs, data_samples)
                    if pair[0] is not None]
        if not readable:
            return None, data_samples
        # MMEngine calls this inside autocast, which is for the network.
        with torch.autocast(readable[0][0].device.type, enabled=False):
            batch = self._batch(*zip(*readable), training)
        return batch, data_samples

    def _batch(self, inputs: Sequence[Tensor], samples: Sequence,
               training: bool) -> Tensor:
        count, device = len(inputs[0]), inputs[0].device
        seeds = [sample.get('sample_seed') for sample in samples]
        colors = sigmas = out = None
        if training and self.augmentation:
            colors = self.augmentation.draw(seeds, count).to(
                device, non_blocking=True)
        if training and self.blur:
            sigmas = self.blur.draw(seeds, count)
        for index in range(count):
            clip = self._rgb([clips[index] for clips in inputs], samples,
                             index, None if colors is None else
                             colors[:, index])
            if sigmas is not None:
                self._blur(clip, sigmas[:, index])
            if out is None:
                out = clip.new_empty((count, *clip.shape))
            torch.sub(clip, self.mean, out=out[index]).div_(self.std)
        return out.transpose(0, 1)

    def _rgb(self, clips: Sequence[Tensor], samples: Sequence, index: int,
             colors: Optional[Tensor]) -> Tensor:
        """One clip of every sample, RGB in 0 to 255, ``[B, 3, T, H, W]``."""
        if clips[0].ndim == 3:  # planes [T, 3 H / 2, W]
            planes = [_yuv420(sample) for sample in samples]
            pixels = torch.stack([
                cut_clip(clip, of.crops[index], of.flips[index], of.scale,
                         of.coding.siting) for clip, of in zip(clips, planes)
            ]).transpose(1, 2)
            color, offset = (part.to(pixels.device, non_blocking=True)
                             for part in _from_yuv(planes))
        else:
            pixels = torch.stack(list(clips)).float()
            if colors is None:
                return pixels
            color = torch.eye(3).to(pixels).expand(len(clips), 3, 3) / 255
            offset = pixels.new_zeros(len(clips), 3, 1)
        flat = pixels.flatten(2)
        if colors is not None:
            mean = color @ flat.mean(dim=2, keepdim=True) + offset
            jitter, shift = self.augmentation.affine(mean, colors)
            color, offset = jitter @ color, jitter @ offset + shift
        rgb = torch.baddbmm(255 * offset, 255 * color, flat).clamp_(0, 255)
        if colors is not None and self.augmentation.hue:
            self.augmentation.shift_hue_(rgb, colors[:, -1])
        return rgb.view_as(pixels)

    def _blur(self, clip: Tensor, sigmas: np.ndarray) -> None:
        for part, sigma in zip(clip, sigmas):
            if sigma:
                part.copy_(self.blur.apply(part, float(sigma)))


def _yuv420(sample: ActionDataSample) -> Yuv420:
    """What is to be cut out of a sample's planes.

    Raises:
        InputError: If the pipeline does not say it.
    """
    if 'yuv420' not in sample:
        raise InputError(
            'planes came without their crops: a pipeline with DecodePlanes '
            'needs SampleCrops after it, and PackClips at its end in place of '
            'PackActionInputs')
    return sample.yuv420


def _from_yuv(planes: Sequence[Yuv420]) -> Tuple[Tensor, Tensor]:
    """Matrices ``[B, 3, 3]`` and offsets ``[B, 3, 1]`` of YUV to RGB."""
    maps = [
        yuv_to_rgb(of.coding.bt709, of.coding.full_range) for of in planes
    ]
    matrices, offsets = zip(*maps)
    return torch.stack(matrices), torch.stack(offsets)
