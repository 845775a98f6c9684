"""Color jitter of clips, on the device."""
import math
from typing import Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..draws import sample_generator

# Luma weights of ITU-R BT.601, and the axes I and Q of its chroma plane.
RGB_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114],
                           [0.595716, -0.274453, -0.321263],
                           [0.211456, -0.522591, 0.311135]])
YIQ_TO_RGB = torch.linalg.inv(RGB_TO_YIQ)

# Parameters that change nothing
NEUTRAL = (1., 1., 1., 0., 0., 0.)

# Pixels whose hue is shifted at once. On a CPU they fit into its caches;
# elsewhere they are both clips of 64 samples: few kernels are launched.
CPU_PIXELS, PIXELS = 2**17, 2**25


class ColorJitter:
    """Photometric augmentation, the same for all frames of a clip.

    Brightness, contrast, saturation and hue are torchvision's changes, which
    RSPNet's code uses: three blends, and a shift of the hue in HSV. The order
    is brightness, contrast, saturation, chroma rotation, gray, hue. All but
    the last are linear in RGB, so that a clip costs one 3x3 matrix product;
    values are cut to [0, 1] after it, and hue keeps them there.

    In RSPNet's code gray comes first, too: hue leaves it alone. *Ours*: there
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
        gray_prob (float): Probability of gray. Defaults to 0.
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
            contrast and saturation, turn of the chroma (in circles), gray (0
            or 1), shift of the hue (in circles).
        """
        generators = [sample_generator(seed, 'color') for seed in seeds]
        uniform = np.stack([g.random((clips, 6)) for g in generators])
        hue = np.stack([g.random((clips, 1)) for g in generators])
        jittered = uniform[..., 4:5] < self.jitter_prob
        moves = (2 * uniform[..., :4] - 1) * self.strengths * jittered
        gray = uniform[..., 5:] < self.gray_prob
        shifts = (2 * hue - 1) * self.hue * jittered
        return torch.from_numpy(
            np.concatenate([1 + moves[..., :3], moves[..., 3:], gray, shifts],
                           axis=-1).astype(np.float32))

    @staticmethod
    def affine(parameters: Tensor) -> Tuple[Tensor, Tensor]:
        """All but the hue, as a map of a pixel and its clip's mean.

        Args:
            parameters (Tensor): ``[..., 6]`` of :meth:`draw`.

        Returns:
            tuple[Tensor, Tensor]: Two matrices ``[..., 3, 3]``: an RGB pixel
            becomes ``first @ pixel + second @ mean``.

        Examples:
            >>> neutral = torch.tensor([1., 1., 1., 0., 0., 0.])
            >>> first, second = ColorJitter.affine(neutral)
            >>> torch.allclose(first, torch.eye(3), atol=1e-6), second.any()
            (True, tensor(False))
        """
        brightness, contrast, saturation, rotation, gray, _ = (
            parameters[..., None, None].unbind(dim=-3))
        luma = RGB_TO_YIQ[:1].expand(3, 3)
        angle = 2 * math.pi * rotation[..., 0, 0]
        turn = torch.eye(3).repeat(*angle.shape, 1, 1)
        turn[..., 1, 1] = turn[..., 2, 2] = angle.cos()
        turn[..., 2, 1] = angle.sin()
        turn[..., 1, 2] = -angle.sin()
        color = (YIQ_TO_RGB @ turn @ RGB_TO_YIQ) @ (
            saturation * torch.eye(3) + (1 - saturation) * luma)
        color = gray * luma + (1 - gray) * color
        # Contrast adds (1 - contrast) * brightness * mean luma to a channel;
        # that is gray, so the later steps leave it as it is.
        return (color * contrast * brightness,
                (1 - contrast) * brightness * luma)

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
