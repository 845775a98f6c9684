"""Videos opened and decoded: to color planes or to RGB."""
from typing import Dict, List, Optional, Tuple, Type, Union

import av
import numpy as np
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    Interpolation,
    VideoReformatter,
)
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import fileio

from ...errors import InputError
from ...yuv420 import ColorCoding
from ..video import (
    MAX_PIXELS,
    DecordReader,
    UnreadableVideo,
    VideoReader,
    chroma_siting,
    orientation,
    with_range_of_gray,
)

# Of AVColorSpace; what names no matrix (2) is BT.601, as for FFmpeg's scaler
# and with it for decord and OpenCV.
BT709 = 1
BT601 = (2, 5, 6)
# What FFmpeg's scaler knows beside these: FCC, SMPTE 240M and BT.2020.
OTHER_MATRICES = (4, 7, 9)
FULL_RANGE = 2
READERS = dict(pyav=VideoReader, decord=DecordReader)
PLANAR_420 = ('yuv420p', 'yuvj420p')
# Without these the scaler is up to three levels off.
EXACT = (Interpolation.BILINEAR | Interpolation.ACCURATE_RND
         | Interpolation.FULL_CHR_H_INT)


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Open a video with FFmpeg (PyAV), or with decord.

    Required keys: ``filename``. Optional keys: ``in_order`` (whether to count
    the frames by decoding them all); ``video_reader``, of a transform that
    has opened the file already, as MMAction2's inferencers put one first.
    Added keys: ``video_reader``, ``total_frames``, ``avg_fps``.

    Args:
        max_pixels (int): The most pixels that a frame may have. Defaults to
            2**25, which an 8K picture has.
        reader (str): ``'pyav'``, or ``'decord'``, which gives the same frames
            and refuses files for which it would not (:class:`DecordReader`).
            Defaults to ``'pyav'``.
        backend_args (dict, optional): Where files are stored, as for
            MMEngine's ``fileio``. Defaults to None: inferred from the path.

    Raises:
        InputError: If there is no such reader.

    Examples:
        >>> results = OpenVideo()(dict(filename='a.mp4'))  # doctest: +SKIP
        >>> results['total_frames'], results['avg_fps']  # doctest: +SKIP
        (24, 24.0)
        >>> OpenVideo(reader='decord')(
        ...     dict(filename='a.mp4'))['total_frames']  # doctest: +SKIP
        24
    """

    def __init__(self,
                 max_pixels: int = MAX_PIXELS,
                 reader: str = 'pyav',
                 backend_args: Optional[dict] = None) -> None:
        if reader not in READERS:
            raise InputError(f'OpenVideo: reader is one of '
                             f'{", ".join(READERS)}, not {reader!r}')
        self.max_pixels = max_pixels
        self.reader = reader
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Open the file.

        Raises:
            UnreadableVideo: If it does not exist, is no video or has no
                frame, or larger ones than ``max_pixels``.
        """
        if 'video_reader' in results:
            return results
        with fileio.get_local_path(results['filename'],
                                   self.backend_args) as path:
            reader = READERS[self.reader](path, self.max_pixels,
                                          results.get('in_order', False))
        results['video_reader'] = reader
        results['total_frames'] = len(reader)
        results['avg_fps'] = reader.fps
        return results


@TRANSFORMS.register_module()
class DecodePlanes(BaseTransform):
    """Decode frames to planes of luma and chroma, without converting colors.

    Half the bytes of RGB, and less work. The preprocessor makes RGB of them
    on the device, by the file's own matrix and range.

    Required keys: ``video_reader``, ``frame_inds``, ``num_clips``. Added
    keys: ``imgs`` (uint8 ``[clips, T, 3 H / 2, W]``, upright: H rows of
    luma, H / 2 rows that hold both chroma planes; odd sizes lose a row or a
    column), ``img_shape`` (H, W), ``original_shape``, ``color_coding`` (a
    :class:`ColorCoding`).

    Examples:
        >>> results = OpenVideo()(dict(filename='a.mp4'))  # doctest: +SKIP
        >>> results.update(frame_inds=np.arange(8), num_clips=2)
        ... # doctest: +SKIP
        >>> results = DecodePlanes()(results)  # doctest: +SKIP
        >>> results['imgs'].shape, results['img_shape']  # doctest: +SKIP
        ((2, 4, 360, 320), (240, 320))
    """

    def transform(self, results: dict) -> dict:
        """Decode each frame once, ascending, and close the file.

        Raises:
            UnreadableVideo: If a frame cannot be decoded.
        """
        clips = _read(results, _Planes)
        results['imgs'] = clips.planes.reshape(
            results['num_clips'], -1, *clips.planes.shape[1:])
        results['img_shape'] = results['original_shape'] = clips.shape
        results['color_coding'] = ColorCoding(
            clips.bt709, clips.full_range, tuple(clips.siting))
        return results


@TRANSFORMS.register_module()
class DecodeFrames(BaseTransform):
    """Decode frames to RGB, as MMAction2's transforms take them.

    Colors are converted by the file's own matrix and range, to the nearest
    level.

    Required keys: ``video_reader``, ``frame_inds``. Added keys: ``imgs`` (a
    list of uint8 ``[H, W, 3]``, upright, none shares memory with another),
    ``img_shape`` (H, W), ``original_shape``.

    Examples:
        >>> results = OpenVideo()(dict(filename='a.mp4'))  # doctest: +SKIP
        >>> results['frame_inds'] = np.array([0, 10])  # doctest: +SKIP
        >>> [img.shape for img in DecodeFrames()(results)['imgs']]
        ... # doctest: +SKIP
        [(240, 320, 3), (240, 320, 3)]
    """

    def transform(self, results: dict) -> dict:
        """Decode each frame once, ascending, and close the file.

        Raises:
            UnreadableVideo: If a frame cannot be decoded.
        """
        results['imgs'] = list(_read(results, Pictures).pictures)
        results['img_shape'] = results['imgs'][0].shape[:2]
        results['original_shape'] = results['img_shape']
        return results


def _read(results: dict, kind: Type[Union['_Planes', 'Pictures']]
          ) -> Union['_Planes', 'Pictures']:
    """Decode the wanted frames into a new ``kind``.

    Raises:
        InputError: If no transform has opened the video or chosen its frames.
    """
    if not hasattr(results.get('video_reader'), 'frames'):
        raise InputError('decoding needs a video that OpenVideo has opened: '
                         'put it first in the pipeline, in place of '
                         "MMAction2's transform")
    if 'frame_inds' not in results:
        raise InputError('decoding needs the frames of a clip: put a sampler, '
                         'such as SampleFrames, between OpenVideo and it')
    places: Dict[int, List[int]] = {}
    for place, index in enumerate(np.ravel(results['frame_inds']).tolist()):
        places.setdefault(index, []).append(place)
    ascending = sorted(places)
    reader, pictures = results.pop('video_reader'), None
    try:
        for index, frame in zip(ascending, reader.frames(ascending)):
            if pictures is None:
                pictures = kind(
                    frame, np.size(results['frame_inds']), reader)
            pictures.put(frame, places[index])
    finally:
        reader.close()
    return pictures


class _Planes:
    """Planes of frames like the first one: uint8 ``[N, 3 H / 2, W]``."""

    def __init__(self, frame: av.VideoFrame, count: int,
                 reader: VideoReader) -> None:
        self.stored = frame.height // 2 * 2, frame.width // 2 * 2
        if min(self.stored) < 2:
            raise UnreadableVideo(
                f'its pictures of {frame.width} x {frame.height} pixels are '
                'smaller than 2 x 2')
        self.upright = orientation(frame)
        self.shape = (
            self.stored[::-1] if self.upright.transposed else self.stored)
        height, width = self.shape
        self.planes = np.empty((count, height * 3 // 2, width), np.uint8)
        # Views [N, H, W] and twice [N, H / 2, W / 2]
        self.parts = (
            self.planes[:, :height], *self.planes[:, height:].reshape(
                count, 2, height // 2, width // 2).swapaxes(0, 1))
        # Other matrices are brought to BT.601 by FFmpeg.
        own = self.is_own(frame)
        self.bt709 = frame.colorspace == BT709
        self.full_range = own and _is_full_range(frame)
        self.scaler = VideoReformatter()
        self.siting = self.upright.apply_to_siting(
            reader.chroma_siting(frame) if own else
            chroma_siting(self._convert(frame)))

    @staticmethod
    def is_own(frame: av.VideoFrame) -> bool:
        """Whether the preprocessor knows these planes."""
        return (frame.format.name in PLANAR_420
                and frame.colorspace not in OTHER_MATRICES)

    def put(self, frame: av.VideoFrame, places: List[int]) -> None:
        """Copy a frame to one or several places."""
        even = frame.height // 2 * 2, frame.width // 2 * 2
        # Recordings that were joined may be coded differently.
        alike = self.is_own(frame) and (self.bt709, self.full_range) == (
            frame.colorspace == BT709, _is_full_range(frame))
        if even != self.stored or not alike:
            frame = self._convert(frame)
        first, *others = places
        for plane, part in zip(frame.planes, self.parts):
            out = part[first]
            lines = np.ndarray(
                out.shape[::-1] if self.upright.transposed else out.shape,
                np.uint8, plane, strides=(plane.line_size, 1))
            out[:] = self.upright.apply(lines)
        if others:
            self.planes[others] = self.planes[first]

    def _convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        """To planes like those of the first frame."""
        return _convert(
            self.scaler, frame, self.stored, 'yuv420p',
            dst_colorspace=(
                Colorspace.ITU709 if self.bt709 else Colorspace.ITU601),
            dst_color_range=(
                ColorRange.JPEG if self.full_range else ColorRange.MPEG))


class Pictures:
    """RGB of frames like the first one: uint8 ``[N, H, W, 3]``."""

    def __init__(self, frame: av.VideoFrame, count: int,
                 reader: VideoReader) -> None:
        self.stored = frame.height, frame.width
        self.upright = orientation(frame)
        shape = self.stored[::-1] if self.upright.transposed else self.stored
        self.pictures = np.empty((count, *shape, 3), np.uint8)
        self.scaler = VideoReformatter()

    def put(self, frame: av.VideoFrame, places: List[int]) -> None:
        """Copy a frame to one or several places."""
        frame = _convert(self.scaler, frame, self.stored, 'rgb24',
                         dst_color_range=ColorRange.JPEG)
        height, width = self.stored
        [plane] = frame.planes
        lines = np.frombuffer(plane, np.uint8).reshape(height, -1)
        picture = lines[:, :3 * width].reshape(height, width, 3)
        self.pictures[places] = self.upright.apply(picture)


def _is_full_range(frame: av.VideoFrame) -> bool:
    """Whether the levels of luma are 0 to 255, not 16 to 235."""
    return (frame.color_range == FULL_RANGE
            or frame.format.name == 'yuvj420p')


def _convert(scaler: VideoReformatter, frame: av.VideoFrame,
             size: Tuple[int, int], pixels: str, **colors) -> av.VideoFrame:
    """A frame in another size (H, W) and format, on one thread."""
    if frame.colorspace not in (BT709, *BT601, *OTHER_MATRICES):
        colors['src_colorspace'] = Colorspace.ITU601
    frame = with_range_of_gray(frame, scaler)
    # The scaler's full chroma misreads it (FFmpeg 8).
    if frame.format.name in ('yuv440p10le', 'yuv440p12le'):
        frame = scaler.reformat(frame, format='yuv420p', threads=1)
    return scaler.reformat(
        frame, size[1], size[0], pixels, interpolation=EXACT, threads=1,
        **colors)
