"""The 3D ResNet encoder."""
from typing import Sequence

from mmaction.models.backbones.resnet3d import BasicBlock3d
from mmaction.registry import MODELS
from torch import nn

from ...errors import InputError
from .resnet import WholeResNet3d


@MODELS.register_module()
class R3D(WholeResNet3d):
    """3D ResNet of the supplementary's Table 4.

    MMAction2's ``ResNet3d`` with 3x3x3 convolutions throughout, a 7x7x7
    stem and a 3x3x3 max pool of stride 2. A ``[N, 3, 16, 112, 112]`` clip
    leaves the stages as 64x8x28x28, 128x4x14x14, 256x2x7x7, 512x1x4x4 (C, T,
    H, W).

    Args:
        depth (int): 18 (Table 4), 34, or 10: one block per stage, as in
            VCOP's code. Defaults to 18.
        base_channels (int): Channels of the stem; the output has eight times
            as many. Defaults to 64 (Table 4).
        conv1_kernel (Sequence[int]): Kernel (T, H, W) of the stem. Defaults
            to (7, 7, 7) (Table 4). (3, 7, 7) and ``with_pool1=False`` make
            the network torchvision's ``r3d_18``.
        frame_strides (Sequence[int]): Strides in time of the max pool and of
            res2 to res5. Defaults to (2, 1, 2, 2, 2) (Table 4), which leaves
            one frame of 16. (1, 1, 1, 1, 1) keeps all frames, as SpeedNet
            does (Benaim et al., CVPR 2020), and costs several times as much.
        **kwargs: MMAction2's other options, such as ``frozen_stages`` (4
            freezes all), ``norm_eval``, ``with_cp`` or ``norm_cfg``.

    Examples:
        >>> import torch
        >>> encoder = R3D(depth=18, base_channels=4).eval()
        >>> encoder(torch.rand(1, 3, 16, 32, 32)).shape
        torch.Size([1, 32, 1, 1, 1])
    """

    arch_settings = {
        10: (BasicBlock3d, (1, 1, 1, 1)),
        **WholeResNet3d.arch_settings
    }

    def __init__(self,
                 depth: int = 18,
                 base_channels: int = 64,
                 conv1_kernel: Sequence[int] = (7, 7, 7),
                 frame_strides: Sequence[int] = (2, 1, 2, 2, 2),
                 **kwargs) -> None:
        frame_strides = tuple(frame_strides)
        if len(frame_strides) != 5 or min(frame_strides) < 1:
            raise InputError(
                'model.backbone.frame_strides are those of the max pool and '
                f'of four stages, 1 or more, not {frame_strides}')
        super().__init__(
            depth=depth,
            base_channels=base_channels,
            pretrained2d=False,
            conv1_kernel=tuple(conv1_kernel),
            conv1_stride_t=1,
            pool1_stride_t=frame_strides[0],
            temporal_strides=frame_strides[1:],
            with_pool2=False,
            inflate_style='3x3x3',
            zero_init_residual=False,
            **kwargs)
        self.frame_strides = frame_strides
        # MMAction2 freezes in train() only, when the wrapper of distributed
        # training has already counted the parameters that need gradients.
        self._freeze_stages()

    def _make_stem_layer(self) -> None:
        super()._make_stem_layer()
        # MMAction2 fixes the kernel at 1x3x3.
        self.maxpool = nn.MaxPool3d(
            kernel_size=3,
            stride=(self.pool1_stride_t, self.pool1_stride_s,
                    self.pool1_stride_s),
            padding=1)
