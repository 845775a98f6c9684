"""Files of the rendered set."""
import os
import os.path as osp

import av
import numpy as np

from ...errors import InputError
from ...files import remove_if_there, write_lines
from .rendering import CLASSES, FPS, render


def make_set(folder: str,
             train: int = 40,
             test: int = 20,
             seed: int = 0) -> None:
    """Write ``videos/CLASS/NAME.mp4`` (H.264), ``train.txt`` and ``test.txt``.

    The same seed gives the same frames. The lists (lines of ``path label``)
    come last, so a set that was broken off is not taken for whole.

    Args:
        folder (str): The folder to write to.
        train (int): Training videos per class. Defaults to 40.
        test (int): Test videos per class. Defaults to 20.
        seed (int): Of all that varies within a class. Defaults to 0.

    Raises:
        InputError: If a number is negative, or a list cannot be written.

    Examples:
        >>> make_set('data/synthetic')  # doctest: +SKIP
        >>> make_set('data/tiny', train=6, test=2)  # doctest: +SKIP
    """
    for option, value in dict(train=train, test=test, seed=seed).items():
        if value < 0:
            raise InputError(f'--{option} must not be negative: {value}')
    lists = {'train': [], 'test': []}
    for part in lists:  # of a set that is written over
        remove_if_there(osp.join(folder, f'{part}.txt'))
    for label, name in enumerate(CLASSES):
        os.makedirs(osp.join(folder, 'videos', name), exist_ok=True)
        for index in range(train + test):
            part = 'train' if index < train else 'test'
            path = f'{name}/{index:04d}.mp4'
            rng = np.random.default_rng((seed, label, index))
            place = osp.join(folder, 'videos', path)
            write_video(f'{place}.part', render(name, rng))
            os.replace(f'{place}.part', place)
            lists[part].append(f'{path} {label}')
    for part, lines in lists.items():
        write_lines(osp.join(folder, f'{part}.txt'), lines)


def write_video(path: str, frames: np.ndarray, fps: int = FPS) -> None:
    """Encode frames as H.264, with a key frame every 16.

    Without B-frames and macroblock tree x264 gives the same bytes each time;
    with them it did not, for pictures as small as these.

    Args:
        path (str): The file, whatever its name ends with.
        frames (np.ndarray): RGB, uint8 ``[T, H, W, 3]``.
        fps (int): Frames per second. Defaults to 24.

    Examples:
        >>> write_video('x.mp4', frames)  # doctest: +SKIP
    """
    options = {'crf': '20', 'g': '16', 'bf': '0', 'x264-params': 'mbtree=0'}
    with av.open(path, 'w', format='mp4',
                 options={'fflags': '+bitexact'}) as container:
        stream = container.add_stream('libx264', rate=fps, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
