"""What is searched for in a collection, and what is found, in words."""
from typing import List, Optional, Sequence

import numpy as np

from ..errors import InputError
from .encoder import encoder_of
from .reading import Collection, Neighbors


def query_of(collection: Collection,
             video: Optional[str] = None,
             row: Optional[int] = None,
             start: float = 0.0,
             end: Optional[float] = None,
             encoder: Optional[Sequence[str]] = None,
             device: Optional[str] = None) -> np.ndarray:
    """The feature of a video, a moment of one, or a row.

    Args:
        collection (Collection): Where it will be searched for.
        video (str, optional): Path of a file.
        row (int, optional): In its place, a row of the collection.
        start (float): When the moment begins, in seconds. Defaults to 0.
        end (float, optional): When it ends. Defaults to the end of the video.
        encoder (Sequence[str], optional): Where the encoder is now: its
            checkpoint, or a config and a checkpoint.
        device (str, optional): Where it runs.

    Returns:
        np.ndarray: float32 ``[C]``, the mean of those of its clips.

    Raises:
        InputError: If there is no such row, or it is given with a moment,
            the encoder is not there or is another one, or the video cannot be
            read.
    """
    if row is not None:
        if start or end is not None:
            raise InputError('a row is a whole clip: --start and --end are '
                             'of a video that is searched for')
        if not 0 <= row < len(collection):
            raise InputError(f'{collection.folder} has the rows 0 to '
                             f'{len(collection) - 1}, and no row {row}')
        return collection.features[row].astype(np.float32)
    manifest = collection.manifest
    if encoder is not None and len(encoder) == 1:
        encoder = encoder[0]
    opened = encoder_of(manifest, encoder, device)
    clips = opened.embed_clips(
        video, manifest['window'], manifest['stride'], start, end)
    return clips.features.mean(dim=0).numpy()


def found_clips(collection: Collection, found: Neighbors) -> List[dict]:
    """The clips that were found for one query, as plain data.

    Returns:
        list[dict]: ``similarity``, ``file``, ``start``, ``end``, ``label``
        and ``row`` of each, the nearest first.
    """
    clips = collection.clips
    return [
        dict(
            similarity=float(similarity),
            file=collection.videos[clips.video[row]].file,
            start=float(clips.start[row]),
            end=float(clips.end[row]),
            label=int(clips.label[row]),
            row=int(row))
        for similarity, row in zip(found.similarity[0], found.row[0])
    ]
