from typing import List, Optional

import decord
import numpy as np
from mmaction.datasets.transforms import DecordDecode, DecordInit
from mmaction.registry import TRANSFORMS
from mmengine import fileio

from .reader import UnreadableVideo

# Every unreadable file is named in the log; FFmpeg's chatter adds nothing.
decord.logging.set_level(decord.logging.QUIET)

DECORD_ERRORS = (decord.DECORDError, decord.DECORDLimitReachedError)


@TRANSFORMS.register_module()
class DecordOpen(DecordInit):
    """The host's ``DecordInit`` that tells bad files from other errors.

    Added keys: ``video_reader``, ``total_frames``, ``avg_fps``.

    Args:
        num_threads (int): Threads of the decoder. Defaults to 1.
        backend_args (dict, optional): Where files lie, as for MMEngine's
            ``fileio``. Defaults to None: told by the path.
    """

    def __init__(self,
                 num_threads: int = 1,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(num_threads=num_threads)
        self.backend_args = backend_args

    def _get_video_reader(self, filename: str) -> decord.VideoReader:
        # The reader keeps a downloaded file open after its name has gone.
        with fileio.get_local_path(filename, self.backend_args) as path:
            return decord.VideoReader(path, num_threads=self.num_threads)

    def transform(self, results: dict) -> dict:
        """Open the file.

        Raises:
            UnreadableVideo: If it does not exist, is no video or has no
                frame.
        """
        try:
            results = super().transform(results)
        # decord has no error class of its own for a file it cannot open.
        except (OSError, RuntimeError, *DECORD_ERRORS) as error:
            raise UnreadableVideo(_reason(error)) from error
        if results['total_frames'] < 1:
            raise UnreadableVideo('it has no frame')
        return results


@TRANSFORMS.register_module()
class DecordDecodeInOrder(DecordDecode):
    """The host's ``DecordDecode`` that reads each frame once, ascending.

    The clips of a video overlap, and a step back makes the decoder start
    again at the key frame before.
    """

    def _decord_load_frames(self, container: object,
                            frame_inds: np.ndarray) -> List[np.ndarray]:
        ascending, places = np.unique(frame_inds, return_inverse=True)
        try:
            frames = super()._decord_load_frames(container, ascending)
        except DECORD_ERRORS as error:
            raise UnreadableVideo(_reason(error)) from error
        return [frames[place] for place in places]


def _reason(error: Exception) -> str:
    """The line of an error that says something, without decord's stack."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [
        line for line in lines
        if line and not line.startswith(('Stack trace', '[bt]', 'File '))
    ]
    return telling[0][:200] if telling else type(error).__name__
