"""The 3D ResNet encoder."""
from typing import Sequence

from mmaction.models.backbones.resnet3d import ResNet3d
from mmaction.registry import MODELS
from torch import nn


@MODELS.register_module()
class R3D(ResNet3d):
    """3D ResNet of the supplementary's Table 4.

    MMAction2's :class:`ResNet3d` with 3x3x3 convolutions throughout, a 7x7x7
    stem and a 3x3x3 max pool of stride 2. A ``[N, 3, 16, 112, 112]`` clip
    leaves the stages as 64x8x28x28, 128x4x14x14, 256x2x7x7, 512x1x4x4 (C, T,
    H, W).

    Args:
        depth (int): 18 (Table 4) or 34. Defaults to 18.
        base_channels (int): Channels of the stem; the output has eight times
            as many. Defaults to 64 (Table 4).
        conv1_kernel (Sequence[int]): Kernel (T, H, W) of the stem. Defaults
            to (7, 7, 7) (Table 4). (3, 7, 7) and ``with_pool1=False`` make
            the network torchvision's ``r3d_18``.
        **kwargs: MMAction2's other options, such as ``frozen_stages`` (4
            freezes all), ``norm_eval``, ``with_cp`` or ``norm_cfg``.

    Examples:
        >>> import torch
        >>> encoder = R3D(depth=18, base_channels=4).eval()
        >>> encoder(torch.rand(1, 3, 16, 32, 32)).shape
        torch.Size([1, 32, 1, 1, 1])
    """

    def __init__(self,
                 depth: int = 18,
                 base_channels: int = 64,
                 conv1_kernel: Sequence[int] = (7, 7, 7),
                 **kwargs) -> None:
        super().__init__(
            depth=depth,
            base_channels=base_channels,
            pretrained2d=False,
            conv1_kernel=tuple(conv1_kernel),
            conv1_stride_t=1,
            temporal_strides=(1, 2, 2, 2),
            with_pool2=False,
            inflate_style='3x3x3',
            zero_init_residual=False,
            **kwargs)
        # MMAction2 freezes in train() only, when the wrapper of distributed
        # training has already counted the parameters that need gradients.
        self._freeze_stages()

    def train(self, mode: bool = True) -> 'R3D':
        """Set the mode of all that is not frozen."""
        # MMAction2's returns None.
        super().train(mode)
        return self

    def _make_stem_layer(self) -> None:
        super()._make_stem_layer()
        # MMAction2 fixes the kernel at 1x3x3 with stride 1 in time.
        self.maxpool = nn.MaxPool3d(kernel_size=3, stride=2, padding=1)
