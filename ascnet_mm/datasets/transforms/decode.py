from typing import List

import numpy as np
from mmaction.datasets.transforms import DecordDecode
from mmaction.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecordDecodeInOrder(DecordDecode):
    """The host's ``DecordDecode`` that reads each frame once, ascending.

    The clips of a video overlap, and a step back makes the decoder start
    again at the key frame before.
    """

    def _decord_load_frames(self, container: object,
                            frame_inds: np.ndarray) -> List[np.ndarray]:
        ascending, places = np.unique(frame_inds, return_inverse=True)
        frames = super()._decord_load_frames(container, ascending)
        return [frames[place] for place in places]
