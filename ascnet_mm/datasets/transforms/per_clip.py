"""Transforms applied to each clip of a sample on its own."""
from typing import List

from mmaction.registry import TRANSFORMS
from mmaction.utils import ConfigType
from mmcv.transforms import BaseTransform, Compose


@TRANSFORMS.register_module()
class PerClip(BaseTransform):
    """Apply transforms to each clip on its own.

    MMAction2's random transforms (crop, flip, ...) treat all of ``imgs``
    alike. Here each clip gets its own draws, the same for all its frames.

    Required keys: ``imgs`` (a list of ``num_clips * clip_len`` frames),
    ``clip_len``, ``num_clips``, ``img_shape``. The clips must leave with the
    same shape.

    Args:
        transforms (list): Configs of transforms that work on ``imgs``.

    Examples:
        >>> import numpy as np
        >>> flip = PerClip([dict(type='Flip', flip_ratio=0.5)])
        >>> results = flip(dict(
        ...     imgs=[np.zeros((4, 6, 3), np.uint8) for _ in range(4)],
        ...     img_shape=(4, 6), modality='RGB', clip_len=2, num_clips=2))
        >>> [img.shape for img in results['imgs']]
        [(4, 6, 3), (4, 6, 3), (4, 6, 3), (4, 6, 3)]
    """

    def __init__(self, transforms: List[ConfigType]) -> None:
        self.transforms = Compose(
            [TRANSFORMS.build(transform) for transform in transforms])

    def transform(self, results: dict) -> dict:
        """Transform clip by clip and join the frames again."""
        imgs, length = results['imgs'], results['clip_len']
        joined: list = []
        for clip in range(results['num_clips']):
            part = dict(results)
            part['imgs'] = imgs[clip * length:(clip + 1) * length]
            part = self.transforms(part)
            joined += part['imgs']
        return {**part, 'imgs': joined}

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.transforms})'
