import math
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmaction.models import ActionDataPreprocessor
from mmaction.registry import MODELS
from torch import Tensor

from ..errors import InputError

# Luma weights of ITU-R BT.601, and the axes I and Q of its chroma plane.
RGB_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114],
                           [0.595716, -0.274453, -0.321263],
                           [0.211456, -0.522591, 0.311135]])


class ColorJitter:
    """Photometric augmentation as one affine map of RGB per clip.

    Brightness, contrast and saturation are torchvision's blends, hue turns
    the chroma plane of YIQ; grey replaces all by the luma. Each is linear in
    RGB, so a clip costs one 3x3 matrix product, whatever is switched on. The
    order is brightness, contrast, saturation, hue, grey; values are cut to
    [0, 1] once, at the end.

    Args:
        brightness (float): Factor drawn from [1 - x, 1 + x].
        contrast (float): Likewise, about the clip's mean luma.
        saturation (float): Likewise, about each pixel's luma.
        hue (float): Turn drawn from [-x, x], 0.5 being half a circle.
        jitter_prob (float): Probability of these four. Defaults to 1.
        gray_prob (float): Probability of grey. Defaults to 0.
    """

    def __init__(self,
                 brightness: float = 0.,
                 contrast: float = 0.,
                 saturation: float = 0.,
                 hue: float = 0.,
                 jitter_prob: float = 1.,
                 gray_prob: float = 0.) -> None:
        self.strengths = (brightness, contrast, saturation, hue)
        for name, value, limit in (('brightness', brightness, 1),
                                   ('contrast', contrast, 1),
                                   ('saturation', saturation, 1),
                                   ('hue', hue, 0.5),
                                   ('jitter_prob', jitter_prob, 1),
                                   ('gray_prob', gray_prob, 1)):
            if not 0 <= value <= limit:
                raise InputError(
                    'data_preprocessor.augmentation: '
                    f'{name} must lie in [0, {limit}], not {value}')
        self.jitter_prob = jitter_prob
        self.gray_prob = gray_prob

    def draw(self, seeds: Sequence[int], clips: int) -> Tensor:
        """Parameters of every clip, from the samples' seeds alone.

        Args:
            seeds (Sequence[int]): A seed per sample, B.
            clips (int): Clips per sample.

        Returns:
            Tensor: float32 ``[B, clips, 5]``: factors of brightness,
            contrast and saturation, turn of the hue (in circles), grey (0 or
            1).
        """
        # The second word keeps these draws apart from the loader's.
        uniform = np.stack([
            np.random.default_rng((seed, 1)).random((clips, 6))
            for seed in seeds
        ])
        jittered = uniform[..., 4:5] < self.jitter_prob
        moves = (2 * uniform[..., :4] - 1) * self.strengths * jittered
        gray = uniform[..., 5:] < self.gray_prob
        return torch.from_numpy(
            np.concatenate([1 + moves[..., :3], moves[..., 3:], gray],
                           axis=-1).astype(np.float32))

    def apply(self, clips: Tensor, parameters: Tensor) -> Tensor:
        """Augment one clip of every sample.

        Args:
            clips (Tensor): RGB in [0, 1], ``[B, 3, T, H, W]``.
            parameters (Tensor): ``[B, 5]`` of :meth:`draw`.

        Returns:
            Tensor: Same shape, cut to [0, 1].
        """
        brightness, contrast, saturation, hue, gray = (
            parameters.to(clips)[:, :, None, None].unbind(dim=1))
        to_yiq = RGB_TO_YIQ.to(clips)
        eye = torch.eye(3).to(clips)
        luma = to_yiq[:1].expand(3, 3)
        angle = 2 * math.pi * hue
        zero = torch.zeros_like(angle)
        turn = torch.cat([
            torch.cat([zero + 1, zero, zero], dim=2),
            torch.cat([zero, angle.cos(), -angle.sin()], dim=2),
            torch.cat([zero, angle.sin(), angle.cos()], dim=2)
        ], dim=1)  # yapf: disable
        color = (torch.linalg.inv(to_yiq) @ turn @ to_yiq) @ (
            saturation * eye + (1 - saturation) * luma)
        color = gray * luma + (1 - gray) * color

        pixels = clips.flatten(2)
        mean = pixels.mean(dim=2, keepdim=True)
        # Contrast adds (1 - contrast) * brightness * mean luma to a channel;
        # that is grey, so the later steps leave it as it is.
        offset = (1 - contrast) * brightness * (to_yiq[:1] @ mean)
        jittered = torch.baddbmm(
            offset.expand(-1, 3, 1), color * contrast * brightness, pixels)
        return jittered.clamp_(0, 1).view_as(clips)


@MODELS.register_module()
class ClipDataPreprocessor(ActionDataPreprocessor):
    """Stack uint8 clips, augment and normalise them on the device.

    In training the colours of each clip are changed in their own way, the
    same for all its frames. The draws depend on the samples' ``sample_seed``
    alone. Work goes clip by clip, so that no second float copy of the batch
    is held.

    Args:
        mean (Sequence[float]): Channel means in 0 to 255.
        std (Sequence[float]): Channel standard deviations in 0 to 255.
        augmentation (dict, optional): Arguments of :class:`ColorJitter`.
            Defaults to None: none.
    """

    def __init__(self,
                 mean: Sequence[float],
                 std: Sequence[float],
                 augmentation: Optional[dict] = None) -> None:
        super().__init__(mean=mean, std=std, format_shape='NCTHW')
        self.augmentation = augmentation and ColorJitter(**augmentation)

    def preprocess(self,
                   inputs: List[Optional[Tensor]],
                   data_samples: list,
                   training: bool = False) -> Tuple[Optional[Tensor], list]:
        """Make the model's input of a batch.

        Args:
            inputs (list[Tensor | None]): Per sample uint8
                ``[clips, 3, T, H, W]``, or None where a video of a test set
                could not be read.
            data_samples (list[ActionDataSample]): Their samples.
            training (bool): Whether to augment.

        Returns:
            tuple: float32 ``[B', clips, 3, T, H, W]`` of the B' readable
            samples (None if there are none), each ``[:, clip]`` contiguous;
            and all data samples.
        """
        readable = [clips for clips in inputs if clips is not None]
        if not readable:
            return None, data_samples
        # MMEngine calls this inside autocast, which is for the network.
        with torch.autocast(readable[0].device.type, enabled=False):
            batch = self._augment(readable, data_samples, training)
        return batch, data_samples

    def _augment(self, inputs: List[Tensor], data_samples: list,
                 training: bool) -> Tensor:
        batch = torch.stack(inputs)
        out = torch.empty(
            batch.transpose(0, 1).shape, dtype=torch.float32,
            device=batch.device)
        augment = training and self.augmentation
        if augment:
            parameters = self.augmentation.draw(
                [sample.sample_seed for sample in data_samples],
                batch.shape[1]).to(batch.device)
        for index in range(batch.shape[1]):
            clips = batch[:, index].float()
            if augment:
                clips = self.augmentation.apply(
                    clips.div_(255), parameters[:, index]).mul_(255)
            torch.sub(clips, self.mean, out=out[index]).div_(self.std)
        return out.transpose(0, 1)
