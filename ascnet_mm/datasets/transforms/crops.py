"""What is cropped, resized and flipped on the device."""
from typing import Optional, Sequence, Tuple

import numpy as np
from mmaction.datasets.transforms import RandomResizedCrop
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError
from ...yuv420 import Yuv420


# The second name is that of version 0.1.
@TRANSFORMS.register_module(name=['SampleCrops', 'DeviceCrop'])
class SampleCrops(BaseTransform):
    """Draw what the preprocessor crops, resizes and flips on the device.

    Draws are the same for all frames of a clip. Crops are drawn as by
    MMAction2's ``RandomResizedCrop``, on even pixels, so that they cut luma
    and chroma alike.

    Required keys: ``img_shape``, ``num_clips``, ``color_coding`` (of
    :class:`DecodePlanes`). Added keys: ``yuv420``, a :class:`Yuv420`.

    Args:
        scale (Sequence[int]): Width and height that clips are resized to.
        area_range (Sequence[float], optional): Smallest and largest share of
            the frame's area. Defaults to None: the whole frame.
        aspect_ratio_range (Sequence[float]): Of the crops, width by height.
            Defaults to (3 / 4, 4 / 3), MMAction2's.
        flip_ratio (float): Probability of a mirrored clip. Defaults to 0.
        per_clip (bool): Whether each clip gets draws of its own. False is
            for what compares places of different clips: they are cut alike.
            Defaults to True.

    Raises:
        InputError: If ``scale`` is not two positive integers.

    Examples:
        >>> from ascnet_mm.yuv420 import ColorCoding
        >>> results = SampleCrops(scale=(16, 16), flip_ratio=1.)(dict(
        ...     img_shape=(24, 32), num_clips=1,
        ...     color_coding=ColorCoding(False, False, (0., 0.5))))
        >>> results['yuv420'].crops, results['yuv420'].flips
        (((0, 0, 32, 24),), (True,))
    """

    def __init__(self,
                 scale: Sequence[int],
                 area_range: Optional[Sequence[float]] = None,
                 aspect_ratio_range: Sequence[float] = (3 / 4, 4 / 3),
                 flip_ratio: float = 0.,
                 per_clip: bool = True) -> None:
        if len(scale) != 2 or min(scale) < 1:
            raise InputError(
                f'scale is a width and a height, not {tuple(scale)}')
        self.scale = tuple(scale)
        self.area_range = area_range
        self.aspect_ratio_range = aspect_ratio_range
        self.flip_ratio = flip_ratio
        self.per_clip = per_clip

    def transform(self, results: dict) -> dict:
        """Draw for every clip.

        Raises:
            InputError: If there are no planes, which alone are cut later.
        """
        if 'color_coding' not in results:
            raise InputError(
                'SampleCrops is for planes: put it after DecodePlanes, or '
                "take MMAction2's RandomResizedCrop, Resize and Flip")
        height, width = results['img_shape']
        draws, alike = results['num_clips'], 1
        if not self.per_clip:
            draws, alike = alike, draws
        crops = tuple(self._crop(height, width) for _ in range(draws)) * alike
        flips = tuple(
            bool(np.random.rand() < self.flip_ratio)
            for _ in range(draws)) * alike
        results['yuv420'] = Yuv420(crops, flips, self.scale,
                                   results['color_coding'])
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
                f'flip_ratio={self.flip_ratio}, per_clip={self.per_clip})')
