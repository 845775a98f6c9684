"""What MMAction2's 3D ResNets leave open."""
from typing import Optional

from mmaction.models.backbones.resnet3d import ResNet3d

from .named_weights import named_weights


class WholeResNet3d(ResNet3d):
    """MMAction2's 3D ResNet, whose weights are given whole or not at all.

    MMAction2's passes over ``init_cfg``, and takes what fits of
    ``pretrained``.
    """

    def train(self, mode: bool = True) -> 'WholeResNet3d':
        """Set the mode of all that is not frozen."""
        # MMAction2's returns None.
        super().train(mode)
        return self

    def init_weights(self, pretrained: Optional[str] = None) -> None:
        """Draw weights, or load those that the config names.

        Args:
            pretrained (str, optional): A checkpoint. Defaults to the config's
                ``pretrained``, or that of an ``init_cfg`` of the type
                ``Pretrained``.

        Raises:
            InputError: If the checkpoint does not hold exactly the encoder's
                weights, or ``init_cfg`` names another part of it.
        """
        # It knows the encoders.
        from ..checkpoints import load_encoder_weights
        pretrained = pretrained or named_weights(self) or self.pretrained
        if pretrained:
            load_encoder_weights(self, pretrained)
        else:
            super().init_weights()
