"""The S3D-G encoder."""
from typing import Optional, Sequence, Tuple, Union

import torch
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from ...errors import InputError
from .staged import StagedEncoder

Triple = Union[int, Tuple[int, int, int]]

# Channels of each inception block's four branches: 1x1x1; reduced, 3x3x3;
# reduced, 3x3x3; pooled (Szegedy et al., CVPR 2015, Table 1).
INCEPTIONS = {
    3: dict(
        b=(64, 96, 128, 16, 32, 32),
        c=(128, 128, 192, 32, 96, 64)),
    4: dict(
        b=(192, 96, 208, 16, 48, 64),
        c=(160, 112, 224, 24, 64, 64),
        d=(128, 128, 256, 24, 64, 64),
        e=(112, 144, 288, 32, 64, 64),
        f=(256, 160, 320, 32, 128, 128)),
    5: dict(
        b=(256, 160, 320, 32, 128, 128),
        c=(384, 192, 384, 48, 128, 128)),
}


@MODELS.register_module()
class S3DG(StagedEncoder):
    """S3D-G: separable 3D convolutions with self-gating.

    Xie et al., "Rethinking Spatiotemporal Feature Learning", ECCV 2018, to
    which the supplementary's section E refers. A ``[N, 3, 16, 112, 112]``
    clip leaves the stages as 64x8x56x56, 192x8x28x28, 480x8x14x14,
    832x4x7x7, 1024x2x4x4 (C, T, H, W). It takes clips of any length and
    size. Weights start as MMCV's :class:`ConvModule` sets them (Kaiming,
    BatchNorm at 1 and 0), the gates as torch sets them; both choices are
    ours.

    The versions in use agree on the convolutions of the inception blocks and
    differ in the rest. This one has a separable stem, a gate after each
    temporal convolution (in the stem and in the blocks' branches 1 and 2) and
    BatchNorm's eps of 1e-3: 8.68 M parameters.

    - RSPNet, the same group's earlier code, differs in three things. It
      strides in time in the stem's spatial convolution, so that the temporal
      one never sees every second frame: ``stem_strides=((2, 2, 2), (1, 1,
      1))``. Its last max pool drops an odd row, which here counts
      (TensorFlow's SAME padding). Its BatchNorm has momentum 0.001.
    - CoCLR trains S3D, without gates (``gated=False``), and has BatchNorm's
      eps of 1e-5 (``norm_cfg=dict(type='BN3d')``). Its S3D-G gates all four
      branches of each inception block and nothing in the stem. Its last max
      pool drops an odd row, too.
    - Xie et al.'s TensorFlow code (models/research/slim) gates all four
      branches and conv_2c, and conv_1a is a plain 3x7x7 convolution.

    Args:
        base_channels (int): Channels of the stem, by which all others scale;
            the output has sixteen times as many. Defaults to 64.
        stem_strides (Sequence[Sequence[int]]): Strides (T, H, W) of the
            stem's spatial and temporal convolution. Defaults to
            ((1, 2, 2), (2, 1, 1)).
        norm_cfg (dict): Config of the norm layers. Defaults to BatchNorm
            with eps 1e-3 (Xie et al.'s code and RSPNet's).
        frozen_stages (int): Last stage that is not trained, counted as in
            MMAction2's ResNets: 0 (up to conv_1a), 1 (conv_2c), 2 (mixed_3c),
            3 (mixed_4f) or 4 (all). Defaults to -1 (none).
        norm_eval (bool): Whether BatchNorm keeps its running statistics in
            training. Defaults to False.
        frame_strides (Sequence[int]): Strides in time of the four pools
            between the stages. Defaults to (1, 1, 2, 2). SpeedNet keeps all
            frames: (1, 1, 1, 1), and ``stem_strides=((1, 2, 2), (1, 1, 1))``.
        gated (bool): Whether there are gates. Defaults to True; without them
            it is S3D (Xie et al.).
        init_cfg (dict, optional): As for every module of MMEngine.

    Raises:
        InputError: If ``frame_strides`` are not four positive integers.

    Examples:
        >>> encoder = S3DG(base_channels=4).eval()
        >>> encoder(torch.rand(1, 3, 16, 32, 32)).shape
        torch.Size([1, 64, 2, 1, 1])
    """

    def __init__(self,
                 base_channels: int = 64,
                 stem_strides: Sequence[Sequence[int]] = ((1, 2, 2),
                                                          (2, 1, 1)),
                 norm_cfg: dict = dict(type='BN3d', eps=1e-3),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 frame_strides: Sequence[int] = (1, 1, 2, 2),
                 gated: bool = True,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(frozen_stages, norm_eval, init_cfg)
        self.stem_strides = tuple(tuple(stride) for stride in stem_strides)
        self.frame_strides = tuple(frame_strides)
        if len(self.frame_strides) != 4 or min(self.frame_strides) < 1:
            raise InputError(
                'model.backbone.frame_strides are those of four pools, 1 or '
                f'more, not {self.frame_strides}')
        self.gated = gated
        self.norm_cfg = norm_cfg

        strides = [(stride, 2, 2) for stride in self.frame_strides]
        channels = base_channels
        self.conv_1a = SeparableConv(3, channels, 7, norm_cfg, gated,
                                     *self.stem_strides)
        self.pool_2a = nn.MaxPool3d((1, 3, 3), strides[0], (0, 1, 1))
        self.conv_2b = conv_norm(channels, channels, 1, norm_cfg)
        self.conv_2c = SeparableConv(channels, 3 * channels, 3, norm_cfg,
                                     gated)
        channels = 3 * channels
        pools = {
            3: nn.MaxPool3d((1, 3, 3), strides[1], (0, 1, 1)),
            4: nn.MaxPool3d(3, strides[2], 1),
            5: nn.MaxPool3d(strides[3], strides[3], ceil_mode=True)
        }
        for stage, blocks in INCEPTIONS.items():
            self.add_module(f'pool_{stage}a', pools[stage])
            for letter, branches in blocks.items():
                block = Inception(
                    channels,
                    [max(1, width * base_channels // 64)
                     for width in branches], norm_cfg, gated)
                self.add_module(f'mixed_{stage}{letter}', block)
                channels = block.out_channels
        # As in R3D: before distributed training counts the parameters.
        self._freeze_stages()


class SeparableConv(nn.Module):
    """A spatial, then a temporal convolution, and self-gating if wanted.

    The gate weighs each channel by what the whole clip says:
    sigmoid(W mean(x) + b) * x (Xie et al.).

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of both convolutions.
        kernel (int): Their extent in space and in time; odd.
        norm_cfg (dict): Config of the norm layers.
        gated (bool): Whether there is a gate.
        spatial_stride (int | tuple): Stride of the spatial convolution.
            Defaults to 1.
        temporal_stride (int | tuple): Stride of the temporal convolution.
            Defaults to 1.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel: int,
                 norm_cfg: dict,
                 gated: bool,
                 spatial_stride: Triple = 1,
                 temporal_stride: Triple = 1) -> None:
        super().__init__()
        self.spatial = conv_norm(in_channels, out_channels,
                                 (1, kernel, kernel), norm_cfg, spatial_stride)
        self.temporal = conv_norm(out_channels, out_channels, (kernel, 1, 1),
                                  norm_cfg, temporal_stride)
        self.gate = (
            nn.Conv3d(out_channels, out_channels, 1) if gated else None)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, in_channels, ...] -> [N, out_channels, ...]``."""
        x = self.temporal(self.spatial(x))
        if self.gate is None:
            return x
        clip = x.mean(dim=(2, 3, 4), keepdim=True)
        return torch.sigmoid(self.gate(clip)) * x


class Inception(nn.Module):
    """Inception block whose 3x3x3 convolutions are separable.

    Args:
        in_channels (int): Channels of the input.
        widths (Sequence[int]): Channels, in the order of ``INCEPTIONS``.
        norm_cfg (dict): Config of the norm layers.
        gated (bool): Whether the temporal convolutions are.
    """

    def __init__(self, in_channels: int, widths: Sequence[int],
                 norm_cfg: dict, gated: bool) -> None:
        super().__init__()
        direct, reduced_1, wide_1, reduced_2, wide_2, pooled = widths
        self.out_channels = direct + wide_1 + wide_2 + pooled
        self.branch0 = conv_norm(in_channels, direct, 1, norm_cfg)
        self.branch1 = nn.Sequential(
            conv_norm(in_channels, reduced_1, 1, norm_cfg),
            SeparableConv(reduced_1, wide_1, 3, norm_cfg, gated))
        self.branch2 = nn.Sequential(
            conv_norm(in_channels, reduced_2, 1, norm_cfg),
            SeparableConv(reduced_2, wide_2, 3, norm_cfg, gated))
        self.branch3 = nn.Sequential(
            nn.MaxPool3d(3, 1, 1), conv_norm(in_channels, pooled, 1, norm_cfg))

    def forward(self, x: Tensor) -> Tensor:
        """``[N, in_channels, ...] -> [N, out_channels, ...]``."""
        branches = (self.branch0, self.branch1, self.branch2, self.branch3)
        return torch.cat([branch(x) for branch in branches], dim=1)


def conv_norm(in_channels: int,
              out_channels: int,
              kernel: Triple,
              norm_cfg: dict,
              stride: Triple = 1) -> ConvModule:
    """A convolution, padded to keep the size, with norm and ReLU."""
    sides = (kernel, ) * 3 if isinstance(kernel, int) else kernel
    return ConvModule(
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=tuple(side // 2 for side in sides),
        conv_cfg=dict(type='Conv3d'),
        norm_cfg=norm_cfg)
