"""The fast path: colour planes as they are decoded, the rest on the device."""
from typing import Optional, Sequence, Tuple

import av
import numpy as np
from mmaction.datasets.transforms import RandomResizedCrop
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import fileio

from ...errors import InputError
from .reader import VideoReader

# FFmpeg's numbers of the matrices; what is not told is BT.601, as for its
# scaler and with it for decord and OpenCV.
BT709 = 1
FULL_RANGE = 2
PLANAR_420 = ('yuv420p', 'yuvj420p')


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Open a video with FFmpeg (PyAV).

    Required keys: ``filename``. Added keys: ``video_reader``,
    ``total_frames``, ``avg_fps``.

    Args:
        backend_args (dict, optional): Where files lie, as for MMEngine's
            ``fileio``. Defaults to None: told by the path.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Open the file.

        Raises:
            UnreadableVideo: If it does not exist, is no video or has no
                frame.
        """
        with fileio.get_local_path(results['filename'],
                                   self.backend_args) as path:
            reader = VideoReader(path)
        results['video_reader'] = reader
        results['total_frames'] = len(reader)
        results['avg_fps'] = reader.fps
        return results


@TRANSFORMS.register_module()
class DecodePlanes(BaseTransform):
    """Decode frames to planes of luma and chroma, without converting colours.

    Half the bytes of RGB, and less work. The preprocessor makes RGB of them
    on the device, by the file's own matrix and range.

    Required keys: ``video_reader``, ``frame_inds``, ``num_clips``. Added
    keys: ``imgs`` (uint8 ``[clips, T, 3 H / 2, W]``: H rows of luma, H / 2
    rows that hold both chroma planes; odd sizes lose a row or a column),
    ``img_shape`` (H, W), ``original_shape``, ``bt709``, ``full_range``.
    """

    def transform(self, results: dict) -> dict:
        """Decode each frame once, ascending, and close the file.

        Raises:
            UnreadableVideo: If a frame cannot be decoded.
        """
        reader = results.pop('video_reader')
        try:
            planes, colors = _read(reader, results['frame_inds'])
        finally:
            reader.close()
        results['imgs'] = planes.reshape(
            results['num_clips'], -1, *planes.shape[1:])
        shape = (planes.shape[1] * 2 // 3, planes.shape[2])
        results['img_shape'] = results['original_shape'] = shape
        results.update(colors)
        return results


def _read(reader: VideoReader, indices: np.ndarray) -> Tuple[np.ndarray, dict]:
    """Upright planes of frames, ``[N, 3 H / 2, W]``, and their colours."""
    planes, colors = None, {}
    ascending, firsts, inverse = np.unique(
        indices, return_index=True, return_inverse=True)
    for place, frame in zip(firsts, reader.frames(ascending.tolist())):
        if planes is None:
            height, width = frame.height // 2 * 2, frame.width // 2 * 2
            turns = frame.rotation // 90 % 4
            upright = (width, height) if turns % 2 else (height, width)
            planes = np.empty((len(indices), upright[0] * 3 // 2, upright[1]),
                              np.uint8)
            colors = _colors(frame)
        _copy(_as_420(frame, height, width), turns, planes[place])
    for place in set(range(len(indices))).difference(firsts.tolist()):
        planes[place] = planes[firsts[inverse[place]]]
    return planes, colors


def _colors(frame: av.VideoFrame) -> dict:
    """Matrix and range that the planes of :func:`_as_420` are meant in."""
    own = frame.format.name in PLANAR_420
    return dict(
        bt709=own and frame.colorspace == BT709,
        full_range=own and (frame.color_range == FULL_RANGE
                            or frame.format.name == 'yuvj420p'))


def _as_420(frame: av.VideoFrame, height: int, width: int) -> av.VideoFrame:
    """The frame itself, or what FFmpeg makes of another format or size."""
    even = frame.height // 2 * 2, frame.width // 2 * 2
    if frame.format.name in PLANAR_420 and even == (height, width):
        return frame
    return frame.reformat(
        width, height, 'yuv420p', dst_colorspace='ITU601',
        dst_color_range='MPEG')


def _copy(frame: av.VideoFrame, turns: int, out: np.ndarray) -> None:
    """Put the planes of a frame, upright, into ``[3 H / 2, W]``."""
    height, width = out.shape[0] * 2 // 3, out.shape[1]
    chroma = out[height:].reshape(2, height // 2, width // 2)
    for plane, part in zip(frame.planes, (out[:height], *chroma)):
        rows, columns = part.shape[::-1] if turns % 2 else part.shape
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        lines = lines[:rows, :columns]
        part[:] = np.rot90(lines, turns) if turns else lines


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
