"""Videos decoded and made small frame by frame."""
from typing import Iterator, List

import numpy as np
from mmaction.registry import TRANSFORMS
from mmaction.utils import ConfigType
from mmcv.transforms import BaseTransform, Compose
from numpy.lib.stride_tricks import as_strided

from ...errors import InputError
from ..video import UnreadableVideo, VideoReader, reason
from .decode import Pictures


@TRANSFORMS.register_module()
class DecodeSmall(BaseTransform):
    """Decode frames to RGB and transform each before the next is decoded.

    The result is that of ``DecodeFrames``, the transforms and ``FormatShape``,
    but each transformed frame takes memory only once: only one full-size
    picture is in memory at a time, and overlapping clips share their frames
    where these are evenly spaced, as in ``SlidingSampleFrames``.

    Required keys: ``video_reader``, ``frame_inds``, ``num_clips``. Added
    keys: ``imgs`` (uint8 ``[clips, 3, T, H, W]``, not to be written to),
    ``original_shape`` and those of the transforms.

    Args:
        transforms (list): Configs of transforms that work on ``imgs``, each
            frame on its own and without random numbers.

    Examples:
        >>> from ascnet_mm.datasets import OpenVideo
        >>> decode = DecodeSmall([dict(type='Resize', scale=(-1, 128)),
        ...                       dict(type='CenterCrop', crop_size=112)])
        >>> results = OpenVideo()(dict(filename='a.mp4'))  # doctest: +SKIP
        >>> results.update(frame_inds=np.arange(16), num_clips=2)
        ... # doctest: +SKIP
        >>> decode(results)['imgs'].shape  # doctest: +SKIP
        (2, 3, 8, 112, 112)
    """

    def __init__(self, transforms: List[ConfigType]) -> None:
        self.transforms = Compose(
            [TRANSFORMS.build(transform) for transform in transforms])

    def transform(self, results: dict) -> dict:
        """Decode each frame once, ascending, and close the file.

        Raises:
            UnreadableVideo: If a frame cannot be decoded.
            InputError: If the transforms do not give one picture for each.
        """
        indices, places = np.unique(
            results['frame_inds'], return_inverse=True)
        reader = results.pop('video_reader')
        frames = None
        try:
            for number, picture in enumerate(_pictures(reader, indices)):
                shape = picture.shape[:2]
                done = self.transforms(
                    dict(results, imgs=[picture], img_shape=shape,
                         original_shape=shape))
                if len(done['imgs']) != 1:
                    raise InputError(
                        f'DecodeSmall: {self.transforms} makes '
                        f'{len(done["imgs"])} pictures of one: name such '
                        'transforms after it')
                small = done['imgs'][0].transpose(2, 0, 1)
                if frames is None:
                    frames = np.empty(
                        (3, len(indices), *small.shape[1:]), small.dtype)
                frames[:, number] = small
        finally:
            reader.close()
        return dict(
            done,
            imgs=_clips(frames, places.reshape(results['num_clips'], -1)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.transforms})'


def _pictures(reader: VideoReader,
              indices: np.ndarray) -> Iterator[np.ndarray]:
    """The frames in the size of the first; each takes the last one's place.

    Raises:
        UnreadableVideo: If one cannot be decoded.
    """
    pictures = None
    try:
        for frame in reader.frames(indices.tolist()):
            if pictures is None:
                pictures = Pictures(frame, 1, reader)
            pictures.put(frame, [0])
            yield pictures.pictures[0]
    except UnreadableVideo:
        raise
    except Exception as error:
        # Broken files make decoders raise about anything.
        raise UnreadableVideo(reason(error)) from error


def _clips(frames: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Clips of frames.

    Args:
        frames (np.ndarray): ``[3, F, H, W]``.
        places (np.ndarray): Which of the F, ``[clips, T]``.

    Returns:
        np.ndarray: ``[clips, 3, T, H, W]``, a view where it can be one.
    """
    clips, length = places.shape
    first = places[0, 0]
    stride = places[min(1, clips - 1), 0] - first
    step = places[0, min(1, length - 1)] - first
    even = first + stride * np.arange(clips)[:, None] + step * np.arange(
        length)
    if not np.array_equal(places, even):
        return frames[:, places].swapaxes(0, 1)
    channel, frame, *inside = frames.strides
    return as_strided(
        frames[:, first:], (clips, 3, length, *frames.shape[2:]),
        (stride * frame, channel, step * frame, *inside))
