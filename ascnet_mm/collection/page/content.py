"""What a page shows, as plain data."""
import base64
import json
import os.path as osp
from typing import Any, Dict, Mapping, Optional, Sequence

import numpy as np

from ...errors import InputError
from ...label_names import folder_names
from ..reading import Collection
from .groups import label_group

# Beyond so many clips, neighbors are those of each video's clip in the
# middle, not of each clip (ours).
CLIPS = 50_000
# Queries that are searched at a time
BLOCK = 1024


def page_content(collection: Collection,
                 plane: np.ndarray,
                 urls: Sequence[str],
                 groups: Optional[Mapping[str, Sequence]] = None) -> dict:
    """What the page's script reads, but for posters and neighbors.

    Args:
        collection (Collection): N clips of V videos.
        plane (np.ndarray): Their places on the map, float32 ``[N, 2]``.
        urls (Sequence[str]): Where each video is, V of them.
        groups (Mapping[str, Sequence], optional): What else clips can be
            colored by: a name, and a text or whole number per clip.

    Raises:
        InputError: If a group has not a value per clip.
    """
    clips = collection.clips
    files = [video.file for video in collection.videos]
    return dict(
        name=osp.basename(osp.abspath(collection.folder)),
        files=files,
        urls=list(urls),
        video=numbers(clips.video, 'int32'),
        start=numbers(clips.start, 'float32'),
        end=numbers(clips.end, 'float32'),
        x=numbers(plane[:, 0], 'float32'),
        y=numbers(plane[:, 1], 'float32'),
        groups=[
            _group(name, values, len(collection)) for name, values in {
                **(groups or {}), **_own_groups(collection, groups or {})
            }.items()
        ])


def neighbors_of(collection: Collection, top: int = 10) -> dict:
    """The nearest clips of other videos, one of each, for every clip.

    In large collections they are found for the clip in the middle of each
    video.

    Args:
        collection (Collection): N clips of V videos.
        top (int): How many.

    Returns:
        dict: ``top``; ``row``, int32 ``[N, top]``, -1 where there are fewer;
        ``similarity``, float32 likewise; ``query``, int32 ``[N]``: which line
        of these is that of each clip.
    """
    video = collection.clips.video
    if len(collection) <= CLIPS:
        asked = np.arange(len(collection))
        query = asked
    else:
        first = np.searchsorted(video, np.arange(len(collection.videos)))
        counts = np.bincount(video, minlength=len(collection.videos))
        asked = first + counts // 2
        query = video
    row = np.full((len(asked), top), -1, np.int32)
    similarity = np.zeros((len(asked), top), np.float32)
    for start in range(0, len(asked) if top else 0, BLOCK):
        part = asked[start:start + BLOCK]
        found = collection.search(collection.features[part], top + 1)
        for place, (values, rows) in enumerate(zip(*found), start):
            others = video[rows] != video[asked[place]]
            count = min(top, int(others.sum()))
            row[place, :count] = rows[others][:count]
            similarity[place, :count] = values[others][:count]
    return dict(
        top=top,
        row=numbers(row, 'int32'),
        similarity=numbers(similarity, 'float32'),
        query=numbers(query, 'int32'))


def as_script(content: Any) -> bytes:
    """Data as a script that a page loads from the disk, too.

    All but ASCII is escaped, and so is what could end a script.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False,
                      separators=(',', ':')).replace('<', '\\u003c')
    return f'window.COLLECTION = {text};\n'.encode('ascii')


def numbers(values: np.ndarray, kind: str) -> str:
    """Numbers as the bytes of a typed array, little endian, in base 64."""
    array = np.ascontiguousarray(values, np.dtype(kind).newbyteorder('<'))
    return base64.b64encode(array.tobytes()).decode('ascii')


def _own_groups(collection: Collection,
                given: Mapping[str, Sequence]) -> Dict[str, Sequence]:
    """What every collection can be colored by, but for what is given."""
    clips, found = collection.clips, {}
    files = [video.file for video in collection.videos]
    if (clips.label >= 0).any():
        labels = [video.label for video in collection.videos]
        found['label'] = label_group(collection, folder_names(files, labels))
    folders = [osp.dirname(file) for file in files]
    if len(set(folders)) > 1:
        found['folder'] = [folders[video] or '.' for video in clips.video]
    found['video'] = [files[video] for video in clips.video]
    return {name: found[name] for name in found if name not in given}


def _group(name: str, values: Sequence, clips: int) -> dict:
    """A group: ``name``, its different ``values``, the most frequent first,
    and ``of``, int32: which of them is that of each clip.
    """
    values = [str(value) for value in values]
    if len(values) != clips:
        raise InputError(f'{name} has {len(values)} values for {clips} clips: '
                         'give one per clip')
    found, places, counts = np.unique(
        np.array(values, dtype=object), return_inverse=True,
        return_counts=True)
    order = np.argsort(-counts, kind='stable')
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return dict(
        name=str(name),
        values=[found[place] for place in order],
        of=numbers(rank[places], 'int32'))
