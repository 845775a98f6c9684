"""What is cropped, resized and flipped on the device."""
from typing import Optional, Sequence, Tuple

import numpy as np
from mmaction.datasets.transforms import RandomResizedCrop
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError


@TRANSFORMS.register_module()
class DeviceCrop(BaseTransform):
    """Draw what the preprocessor crops, resizes and flips on the device.

    Each clip gets its own draws, the same for all its frames. Crops are drawn
    as by the host's ``RandomResizedCrop``, on even pixels, so that they cut
    luma and chroma alike.

    Required keys: ``img_shape``, ``num_clips``. Added keys: ``crops`` (a
    tuple of left, top, width, height per clip), ``flips`` (a bool per clip),
    ``scale``.

    Args:
        scale (Sequence[int]): Width and height that clips are resized to.
        area_range (Sequence[float], optional): Smallest and largest share of
            the frame's area. Defaults to None: the whole frame.
        aspect_ratio_range (Sequence[float]): Of the crops, width by height.
            Defaults to (3 / 4, 4 / 3), the host's.
        flip_ratio (float): Probability of a mirrored clip. Defaults to 0.

    Raises:
        InputError: If ``scale`` is not two positive integers.
    """

    def __init__(self,
                 scale: Sequence[int],
                 area_range: Optional[Sequence[float]] = None,
                 aspect_ratio_range: Sequence[float] = (3 / 4, 4 / 3),
                 flip_ratio: float = 0.) -> None:
        if len(scale) != 2 or min(scale) < 1:
            raise InputError(
                f'scale is a width and a height, not {tuple(scale)}')
        self.scale = tuple(scale)
        self.area_range = area_range
        self.aspect_ratio_range = aspect_ratio_range
        self.flip_ratio = flip_ratio

    def transform(self, results: dict) -> dict:
        """Draw for every clip."""
        height, width = results['img_shape']
        results['crops'] = tuple(
            self._crop(height, width) for _ in range(results['num_clips']))
        results['flips'] = tuple(
            bool(np.random.rand() < self.flip_ratio)
            for _ in range(results['num_clips']))
        results['scale'] = self.scale
        return results

    def _crop(self, height: int, width: int) -> Tuple[int, int, int, int]:
        if self.area_range is None:
            return 0, 0, width, height
        left, top, right, bottom = RandomResizedCrop.get_crop_bbox(
            (height, width), self.area_range, self.aspect_ratio_range)
        left, top = int(left) // 2 * 2, int(top) // 2 * 2
        return (left, top, max(2, (int(right) - left) // 2 * 2),
                max(2, (int(bottom) - top) // 2 * 2))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(scale={self.scale}, '
                f'area_range={self.area_range}, '
                f'flip_ratio={self.flip_ratio})')
