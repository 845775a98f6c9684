import math
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.models import ActionDataPreprocessor
from mmaction.registry import MODELS
from torch import Tensor

from ..errors import InputError
from .planes import cut_clip, yuv_to_rgb

# Luma weights of ITU-R BT.601, and the axes I and Q of its chroma plane.
RGB_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114],
                           [0.595716, -0.274453, -0.321263],
                           [0.211456, -0.522591, 0.311135]])


# Pixels whose hue is shifted at once. On a CPU they fit into its caches;
# elsewhere they are enough for a kernel, and little beside a batch.
CPU_PIXELS, PIXELS = 2**17, 2**21


class ColorJitter:
    """Photometric augmentation, the same for all frames of a clip.

    Brightness, contrast, saturation and hue are torchvision's changes, which
    RSPNet's code uses: three blends, and a shift of the hue in HSV. The order
    is brightness, contrast, saturation, chroma rotation, grey, hue. All but
    the last are linear in RGB, so that a clip costs one 3x3 matrix product;
    values are cut to [0, 1] after it, and hue keeps them there.

    In RSPNet's code grey comes first, too: hue leaves it alone. *Ours*: there
    the other four come in an order drawn per clip, and values are cut after
    each of them.

    Args:
        brightness (float): Factor drawn from [1 - x, 1 + x].
        contrast (float): Likewise, about the clip's mean luma.
        saturation (float): Likewise, about each pixel's luma.
        hue (float): Shift of the hue of HSV drawn from [-x, x], 0.5 being
            half a circle. Value and saturation of HSV stay, luma does not.
        jitter_prob (float): Probability of these four and of
            ``chroma_rotation``. Defaults to 1.
        gray_prob (float): Probability of grey. Defaults to 0.
        chroma_rotation (float): Turn of the chroma plane of YIQ, drawn from
            [-x, x], 0.5 being half a circle. Luma stays. Defaults to 0.
    """

    def __init__(self,
                 brightness: float = 0.,
                 contrast: float = 0.,
                 saturation: float = 0.,
                 hue: float = 0.,
                 jitter_prob: float = 1.,
                 gray_prob: float = 0.,
                 chroma_rotation: float = 0.) -> None:
        for name, value, limit in (('brightness', brightness, 1),
                                   ('contrast', contrast, 1),
                                   ('saturation', saturation, 1),
                                   ('hue', hue, 0.5),
                                   ('jitter_prob', jitter_prob, 1),
                                   ('gray_prob', gray_prob, 1),
                                   ('chroma_rotation', chroma_rotation, 0.5)):
            if not 0 <= value <= limit:
                raise InputError(
                    'data_preprocessor.augmentation: '
                    f'{name} must lie in [0, {limit}], not {value}')
        self.strengths = (brightness, contrast, saturation, chroma_rotation)
        self.hue = hue
        self.jitter_prob = jitter_prob
        self.gray_prob = gray_prob

    def draw(self, seeds: Sequence[int], clips: int) -> Tensor:
        """Parameters of every clip, from the samples' seeds alone.

        Args:
            seeds (Sequence[int]): A seed per sample, B.
            clips (int): Clips per sample.

        Returns:
            Tensor: float32 ``[B, clips, 6]``: factors of brightness,
            contrast and saturation, turn of the chroma (in circles), grey (0
            or 1), shift of the hue (in circles).
        """
        # The second word keeps these draws apart from the loader's.
        generators = [np.random.default_rng((seed, 1)) for seed in seeds]
        uniform = np.stack([g.random((clips, 6)) for g in generators])
        hue = np.stack([g.random((clips, 1)) for g in generators])
        jittered = uniform[..., 4:5] < self.jitter_prob
        moves = (2 * uniform[..., :4] - 1) * self.strengths * jittered
        gray = uniform[..., 5:] < self.gray_prob
        shifts = (2 * hue - 1) * self.hue * jittered
        return torch.from_numpy(
            np.concatenate([1 + moves[..., :3], moves[..., 3:], gray, shifts],
                           axis=-1).astype(np.float32))

    def affine(self, mean: Tensor,
               parameters: Tensor) -> Tuple[Tensor, Tensor]:
        """All but the hue of one clip of every sample, as an affine map.

        Args:
            mean (Tensor): Mean RGB in [0, 1] of the clips, ``[B, 3, 1]``.
            parameters (Tensor): ``[B, 6]`` of :meth:`draw`.

        Returns:
            tuple[Tensor, Tensor]: Matrices ``[B, 3, 3]`` and offsets
            ``[B, 3, 1]`` of RGB in [0, 1].
        """
        brightness, contrast, saturation, rotation, gray, _ = (
            parameters.to(mean)[:, :, None, None].unbind(dim=1))
        to_yiq = RGB_TO_YIQ.to(mean)
        eye = torch.eye(3).to(mean)
        luma = to_yiq[:1].expand(3, 3)
        angle = 2 * math.pi * rotation
        zero = torch.zeros_like(angle)
        turn = torch.cat([
            torch.cat([zero + 1, zero, zero], dim=2),
            torch.cat([zero, angle.cos(), -angle.sin()], dim=2),
            torch.cat([zero, angle.sin(), angle.cos()], dim=2)
        ], dim=1)  # yapf: disable
        color = (torch.linalg.inv(to_yiq) @ turn @ to_yiq) @ (
            saturation * eye + (1 - saturation) * luma)
        color = gray * luma + (1 - gray) * color
        # Contrast adds (1 - contrast) * brightness * mean luma to a channel;
        # that is grey, so the later steps leave it as it is.
        offset = (1 - contrast) * brightness * (to_yiq[:1] @ mean)
        return color * contrast * brightness, offset.expand(-1, 3, 1)

    @staticmethod
    def shift_hue_(rgb: Tensor, shifts: Tensor) -> None:
        """Shift the hue of HSV, in place.

        Args:
            rgb (Tensor): RGB from 0 to any value, ``[B, 3, N]``.
            shifts (Tensor): In circles, ``[B]``.
        """
        shifts = 6 * shifts[:, None]
        pixels = CPU_PIXELS if rgb.device.type == 'cpu' else PIXELS
        for part in rgb.split(max(1, pixels // len(rgb)), dim=2):
            red, green, blue = part.unbind(dim=1)
            low, high = part.amin(dim=1), part.amax(dim=1)
            chroma = high - low
            # From red (0) over green (2) and blue (4) to red (6)
            hue = torch.where(
                high == red, green - blue,
                torch.where(high == green, blue - red + 2 * chroma,
                            red - green + 4 * chroma))
            hue /= chroma.clamp(min=torch.finfo(rgb.dtype).tiny)
            hue = hue.add_(shifts).remainder_(6)
            for channel, share in ((red, (hue - 3).abs_().sub_(1)),
                                   (green, 2 - (hue - 2).abs_()),
                                   (blue, 2 - (hue - 4).abs_())):
                channel.copy_(low.addcmul(chroma, share.clamp_(0, 1)))


class GaussianBlur:
    """Blur of some clips, the same for all frames of a clip.

    Args:
        prob (float): Probability of a blurred clip. Defaults to 0.5
            (SimCLR's).
        sigma (Sequence[float]): Range of the deviation, in pixels. Defaults
            to (0.1, 2.0) (SimCLR's).

    Raises:
        InputError: If ``prob`` is outside [0, 1] or ``sigma`` is no range of
            positive numbers.
    """

    def __init__(self,
                 prob: float = 0.5,
                 sigma: Sequence[float] = (0.1, 2.0)) -> None:
        if not 0 <= prob <= 1 or not 0 < sigma[0] <= sigma[1]:
            raise InputError(
                'data_preprocessor.blur: prob must lie in [0, 1] and sigma be '
                f'a range of positive numbers, not {prob} and {sigma}')
        self.prob = prob
        self.sigma = sigma

    def draw(self, seeds: Sequence[int], clips: int) -> np.ndarray:
        """Deviation of each clip, from the samples' seeds alone.

        Args:
            seeds (Sequence[int]): A seed per sample, B.
            clips (int): Clips per sample.

        Returns:
            np.ndarray: ``[B, clips]``, 0 for no blur.
        """
        uniform = np.stack([
            np.random.default_rng((seed, 2)).random((clips, 2))
            for seed in seeds
        ])
        low, high = self.sigma
        return np.where(uniform[..., 0] < self.prob,
                        low + (high - low) * uniform[..., 1], 0)

    @staticmethod
    def apply(clip: Tensor, sigma: float) -> Tensor:
        """Blur one clip.

        Args:
            clip (Tensor): ``[3, T, H, W]``.
            sigma (float): Deviation of the kernel, which reaches three
                times as far, or to the clip's edge.

        Returns:
            Tensor: Same shape; edges are mirrored.
        """
        frames = clip.flatten(0, 1)[:, None]
        for axis in (2, 3):
            reach = min(math.ceil(3 * sigma), frames.shape[axis] - 1)
            steps = torch.arange(-reach, reach + 1).to(clip)
            kernel = torch.softmax(-0.5 * (steps / sigma)**2, dim=0)
            margin = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0,
                                                             0)
            shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
            frames = F.conv2d(
                F.pad(frames, margin, mode='reflect'), kernel.view(shape))
        return frames.view_as(clip)


@MODELS.register_module()
class ClipDataPreprocessor(ActionDataPreprocessor):
    """Stack clips, augment and normalise them on the device.

    Clips come as RGB frames, or as colour planes whose crops are still to be
    cut (``DecodePlanes``, ``DeviceCrop``). In training the colours of each
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
                planes have the metainfo ``crops``, ``flips``, ``scale``,
                ``bt709``, ``full_range`` and ``chroma_siting``.
            training (bool): Whether to augment.

        Returns:
            tuple: float32 ``[B', clips, 3, T, H, W]`` of the B' readable
            samples (None if there are none), each ``[:, clip]`` contiguous;
            and all data samples.
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
        planes = 'crops' in samples[0]
        if planes:
            pixels = torch.stack([
                cut_clip(clip, sample.crops[index], sample.flips[index],
                         sample.scale, sample.chroma_siting)
                for clip, sample in zip(clips, samples)
            ]).transpose(1, 2)
            color, offset = (part.to(pixels.device, non_blocking=True)
                             for part in _from_planes(samples))
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


def _from_planes(samples: Sequence) -> Tuple[Tensor, Tensor]:
    """Matrices ``[B, 3, 3]`` and offsets ``[B, 3, 1]`` of YUV to RGB."""
    maps = [yuv_to_rgb(s.bt709, s.full_range) for s in samples]
    matrices, offsets = zip(*maps)
    return torch.stack(matrices), torch.stack(offsets)
