"""The R(2+1)D encoder."""
from mmaction.models.backbones.resnet2plus1d import ResNet2Plus1d
from mmaction.models.backbones.resnet3d import BasicBlock3d
from mmaction.models.common.conv2plus1d import Conv2plus1d
from mmaction.registry import MODELS
from mmcv.cnn import build_norm_layer
from torch import nn

from .resnet import WholeResNet3d


@MODELS.register_module()
class R2Plus1D(WholeResNet3d, ResNet2Plus1d):
    """R(2+1)D of the supplementary's Table 3.

    MMAction2's :class:`ResNet2Plus1d` without its max pool. For a
    ``[N, 3, 16, 112, 112]`` clip, the outputs of the stages are 64x16x56x56
    (twice), 128x8x28x28, 256x4x14x14, 512x2x7x7 (C, T, H, W).

    Table 3 prints one block per stage, without the "x2" of Table 4. It does
    not describe the shortcuts. They follow the authors' earlier code (RSPNet,
    after VCOP): they are factorized like the rest, with the mid channels that
    the formula of Tran et al. (CVPR 2018, section 3.5) gives for a 1x1x1
    kernel.

    Args:
        depth (int): 10 (Table 3), 18 or 34. Defaults to 10.
        base_channels (int): Channels of the stem; the output has eight times
            as many. Defaults to 64 (Table 3).
        norm_cfg (dict): Config of the norm layers. Defaults to BatchNorm.
        **kwargs: MMAction2's other options, such as ``frozen_stages`` (4
            freezes all), ``norm_eval`` or ``with_cp``.

    Examples:
        >>> import torch
        >>> encoder = R2Plus1D(depth=10, base_channels=4).eval()
        >>> encoder(torch.rand(1, 3, 16, 32, 32)).shape
        torch.Size([1, 32, 2, 2, 2])
    """

    arch_settings = {
        10: (BasicBlock3d, (1, 1, 1, 1)),
        18: (BasicBlock3d, (2, 2, 2, 2)),
        34: (BasicBlock3d, (3, 4, 6, 3))
    }

    def __init__(self,
                 depth: int = 10,
                 base_channels: int = 64,
                 norm_cfg: dict = dict(type='BN3d'),
                 **kwargs) -> None:
        super().__init__(
            depth=depth,
            base_channels=base_channels,
            pretrained2d=False,
            conv_cfg=dict(type=Conv2plus1d, norm_cfg=norm_cfg),
            norm_cfg=norm_cfg,
            conv1_kernel=(3, 7, 7),
            conv1_stride_t=1,
            temporal_strides=(1, 2, 2, 2),
            inflate_style='3x3x3',
            zero_init_residual=False,
            **kwargs)
        for layer in self.res_layers:
            shortcut = getattr(self, layer)[0].downsample
            if shortcut is not None:
                _narrow(shortcut.conv)
        # As in R3D: before distributed training counts the parameters.
        self._freeze_stages()

    def _make_stem_layer(self) -> None:
        super()._make_stem_layer()
        # MMAction2 pools whatever with_pool1 says.
        self.maxpool = nn.Identity()


def _narrow(conv: Conv2plus1d) -> None:
    """Give a 1x1x1 convolution its mid channels.

    MMAction2 computes them as if every kernel were 3 long in time.
    """
    inside, out = conv.in_channels, conv.out_channels
    mid = inside * out // (inside + out)
    conv.conv_s = nn.Conv3d(
        inside, mid, 1, stride=conv.conv_s.stride, bias=False)
    _, conv.bn_s = build_norm_layer(conv.norm_cfg, mid)
    conv.conv_t = nn.Conv3d(mid, out, 1, stride=conv.conv_t.stride, bias=False)
    conv.init_weights()
