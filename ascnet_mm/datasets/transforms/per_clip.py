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
