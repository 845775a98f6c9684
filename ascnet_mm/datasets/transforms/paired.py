"""A clip as another file shows it, such as its flow."""
import os
import os.path as osp

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import InputError
from ..machine import FolderGone, gone, holds_files
from ..video import UnreadableVideo
from .decode import DecodePlanes, OpenVideo


def find_paired(folder: str, place: str) -> str:
    """The file of a video in another folder.

    Args:
        folder (str): Path of the other folder.
        place (str): Path of the video below its own.

    Returns:
        str: The ``.mp4`` of that name, if there is none the first file of that
        name with another extension, and if there is none either, the path
        that the ``.mp4`` would have.

    Examples:
        >>> find_paired('data/ucf101_flow', 'Archery/x.avi')
        'data/ucf101_flow/Archery/x.mp4'
    """
    stem, own = osp.splitext(osp.join(folder, place))
    for ending in ('.mp4', own, '.avi', '.mkv', '.webm'):
        if osp.exists(stem + ending):
            return stem + ending
    return f'{stem}.mp4'


@TRANSFORMS.register_module()
class AppendPairedClip(BaseTransform):
    """Append the last clip again, as another file of the video shows it.

    The other file has the same path below another folder, possibly with
    another extension, and has the same frames in pictures of the same size:
    the flow of ``ascnet-mm flow``, or the video that the flow was made from.
    Put this transform right after :class:`DecodePlanes`.

    Required keys: ``filename``, ``imgs``, ``frame_inds``, ``clip_len``,
    ``num_clips``, ``color_coding``. Changed keys: ``imgs`` and ``num_clips``,
    which grow by one clip; ``speeds``, which repeats the last one.

    Args:
        root (str): Folder of the videos.
        paired_root (str): Folder of the other files.
        reader (str): As for :class:`OpenVideo`. Defaults to ``'pyav'``.

    Examples:
        >>> append_flow = TRANSFORMS.build(dict(
        ...     type='AppendPairedClip', root='data/ucf101_small',
        ...     paired_root='data/ucf101_flow'))
        >>> results = append_flow(results)  # doctest: +SKIP
        >>> results['num_clips'], results['imgs'].shape  # doctest: +SKIP
        (3, (3, 16, 192, 170))
    """

    def __init__(self,
                 root: str,
                 paired_root: str,
                 reader: str = 'pyav') -> None:
        self.root = root
        self.paired_root = paired_root
        self._held_files = holds_files(paired_root)
        self.open_video = OpenVideo(reader=reader)
        self.decode = DecodePlanes()

    def transform(self, results: dict) -> dict:
        """Decode the other file.

        Raises:
            UnreadableVideo: If there is none, or it has too few frames.
            OSError: If the folder of the other files has gone.
            InputError: If its pictures are of another size or other colors,
                or the video does not lie below ``root``.
        """
        path = self._paired(results['filename'])
        frames = results['frame_inds'].reshape(-1, results['clip_len'])[-1]
        other = self.open_video(dict(
            filename=path, in_order=results.get('in_order', False)))
        if other['total_frames'] != results['total_frames']:
            other['video_reader'].close()
            raise UnreadableVideo(
                f'{path} has {other["total_frames"]} frames, not '
                f'{results["total_frames"]} as the video')
        other.update(frame_inds=frames, num_clips=1)
        other = self.decode(other)
        for key in ('img_shape', 'color_coding'):
            if other[key] != results[key]:
                raise InputError(
                    f'{path} and {results["filename"]} do not go together: '
                    f'{key} is {other[key]} and {results[key]}; make flow of '
                    'the very videos that are trained on (ascnet-mm flow), '
                    'with their short edge')
        results['imgs'] = np.concatenate((results['imgs'], other['imgs']))
        results['num_clips'] += 1
        if 'speeds' in results:
            results['speeds'] += results['speeds'][-1:]
        return results

    def _paired(self, path: str) -> str:
        place = osp.relpath(path, self.root)
        if place.split(os.sep)[0] == os.pardir:
            raise InputError(
                f'AppendPairedClip: {path} does not lie below root='
                f'{self.root}: set it to the data_root of the data set')
        paired = find_paired(self.paired_root, place)
        if not osp.exists(paired):
            if self._held_files and not holds_files(self.paired_root):
                raise FolderGone(gone(self.paired_root))
            raise UnreadableVideo(f'there is no {paired} that belongs to it')
        return paired

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(root={self.root!r}, '
                f'paired_root={self.paired_root!r})')
