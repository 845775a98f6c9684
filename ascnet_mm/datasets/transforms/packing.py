"""The end of a pipeline: clips and metainfo packed for the model."""
from typing import Sequence

from mmaction.datasets.transforms import PackActionInputs
from mmaction.registry import TRANSFORMS

from ...errors import InputError


@TRANSFORMS.register_module()
class PackClips(PackActionInputs):
    """MMAction2's ``PackActionInputs`` with what this package reads later.

    Required keys: ``imgs``. Optional keys: ``yuv420`` (of
    :class:`SampleCrops`), without which planes of :class:`DecodePlanes` are
    refused; the others that are packed as metainfo.

    Args:
        meta_keys (Sequence[str]): Further keys of the metainfo. Defaults to
            none.

    Examples:
        >>> import numpy as np
        >>> results = PackClips()(dict(
        ...     imgs=np.zeros((2, 3, 4, 8, 8), np.uint8), video_id=7,
        ...     speeds=(1, 2)))
        >>> results['inputs'].shape, results['data_samples'].speeds
        (torch.Size([2, 3, 4, 8, 8]), (1, 2))
    """

    META_KEYS = ('filename', 'video_id', 'speeds', 'order', 'operation',
                 'sample_seed', 'role', 'yuv420')

    def __init__(self, meta_keys: Sequence[str] = ()) -> None:
        super().__init__(meta_keys=(*self.META_KEYS, *meta_keys))

    def transform(self, results: dict) -> dict:
        """Pack clips and metainfo.

        Raises:
            InputError: If there are planes without their crops.
        """
        if 'color_coding' in results and 'yuv420' not in results:
            raise InputError('DecodePlanes gives planes that only the device '
                             'can cut: put SampleCrops after it')
        return super().transform(results)
