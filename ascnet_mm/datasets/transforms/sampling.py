from typing import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError


@TRANSFORMS.register_module()
class SpeedPairedSampleFrames(BaseTransform):
    """Choose the frames of clips at different playback speeds.

    A clip at speed s takes every s-th frame. In training there are two clips
    of two different speeds, drawn anew for each sample: the online clip c_i
    and the target clip c_j (Algorithm 1, line 5). In test mode there is one
    clip per speed, ascending. Where a clip starts is drawn uniformly, for
    each clip on its own.

    A video with fewer frames than a clip spans is played in a loop, from a
    start drawn uniformly (as with the host's ``out_of_bound_opt='loop'``).

    Required keys: ``total_frames``, ``start_index``. Added keys:
    ``frame_inds`` (int64 ``[clips * clip_len]``), ``clip_len``,
    ``num_clips``, ``speeds`` (a tuple, in the order of the clips).

    Args:
        clip_len (int): Frames per clip.
        speeds (Sequence[int]): The set of speeds. Defaults to (1, 2), the
            paper's 1x and 2x.
        test_mode (bool): One clip per speed. Defaults to False.

    Raises:
        InputError: If there are fewer than two speeds, or if they repeat or
            are no positive integers.
    """

    def __init__(self,
                 clip_len: int,
                 speeds: Sequence[int] = (1, 2),
                 test_mode: bool = False) -> None:
        if clip_len < 1:
            raise InputError(f'a clip needs a frame: clip_len={clip_len}')
        if len(speeds) < 2 or len(set(speeds)) < len(speeds) or not all(
                isinstance(speed, int) and speed > 0 for speed in speeds):
            raise InputError(
                'speeds must be two or more different positive integers, '
                f'not {tuple(speeds)}')
        self.clip_len = clip_len
        self.speeds = tuple(speeds)
        self.test_mode = test_mode

    def transform(self, results: dict) -> dict:
        """Add the frame indices."""
        total = results['total_frames']
        if self.test_mode:
            speeds = sorted(self.speeds)
        else:
            speeds = np.random.permutation(self.speeds)[:2].tolist()
        clips = [self._frames(total, speed) for speed in speeds]
        results['frame_inds'] = np.concatenate(
            clips) + results['start_index']
        results['clip_len'] = self.clip_len
        results['num_clips'] = len(speeds)
        results['speeds'] = tuple(speeds)
        return results

    def _frames(self, total: int, speed: int) -> np.ndarray:
        span = (self.clip_len - 1) * speed + 1
        starts = total - span + 1 if total >= span else total
        start = np.random.randint(starts)
        return (start + speed * np.arange(self.clip_len)) % total

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'speeds={self.speeds}, test_mode={self.test_mode})')
