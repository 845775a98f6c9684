"""The C3D encoder."""
from typing import Optional

from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from torch import nn

from .staged import StagedEncoder

# Channels of each convolution, in units of the first one's
CONVOLUTIONS = {
    'conv1a': 1, 'conv2a': 2, 'conv3a': 4, 'conv3b': 4, 'conv4a': 8,
    'conv4b': 8, 'conv5a': 8, 'conv5b': 8
}  # yapf: disable


@MODELS.register_module()
class C3DConv(StagedEncoder):
    """The convolutions of C3D, with BatchNorm.

    Tran et al., "Learning Spatiotemporal Features with 3D Convolutional
    Networks", ICCV 2015. These are the convolutions of MMAction2's ``C3D``,
    under its names. ``C3D`` continues with two fully connected layers, whose
    width depends on the size of the clip. Here, the features are those of the
    last convolution, after which VCOP, Pace and RSPNet use average pooling in
    place of the rest. They also use BatchNorm. The output for a
    ``[N, 3, 16, 112, 112]`` clip is 512x2x7x7 (C, T, H, W).

    The pooling layers keep odd rows and single frames, so that the encoder
    takes clips of any length and size (ours; it makes no difference for
    16 x 112 x 112).

    Args:
        base_channels (int): Channels of the first convolution; the output
            has eight times as many. Defaults to 64.
        norm_cfg (dict, optional): Config of the norm layers; None is C3D as
            it was published. Defaults to BatchNorm (VCOP's).
        frozen_stages (int): Last stage that is not trained: 0 (conv1a), 1
            (conv2a), 2 (conv3), 3 (conv4) or 4 (all). Defaults to -1 (none).
        norm_eval (bool): Whether BatchNorm keeps its running statistics in
            training. Defaults to False.
        init_cfg (dict, optional): As for every module of MMEngine.

    Examples:
        >>> import torch
        >>> encoder = C3DConv(base_channels=4).eval()
        >>> encoder(torch.rand(1, 3, 16, 32, 32)).shape
        torch.Size([1, 32, 2, 2, 2])
    """

    def __init__(self,
                 base_channels: int = 64,
                 norm_cfg: Optional[dict] = dict(type='BN3d'),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(frozen_stages, norm_eval, init_cfg)
        inside, stage = 3, '1'
        for name, share in CONVOLUTIONS.items():
            if name[4] != stage:
                pooled = (1 if stage == '1' else 2, 2, 2)
                self.add_module(f'pool{stage}',
                                nn.MaxPool3d(pooled, ceil_mode=True))
                stage = name[4]
            self.add_module(
                name,
                ConvModule(
                    inside,
                    share * base_channels,
                    3,
                    padding=1,
                    conv_cfg=dict(type='Conv3d'),
                    norm_cfg=norm_cfg))
            inside = share * base_channels
        # As in R3D: before distributed training counts the parameters.
        self._freeze_stages()
