"""FiftyOne's ``FiftyOneTemporalDetectionDataset``."""
import json
import os
import os.path as osp

import numpy as np

from ..reading import Collection
from .rows import blocks, whole


def write_fiftyone(collection: Collection, out: str) -> None:
    """A folder with ``data.json``, where each video is, ``labels.json``, its
    clips with their frames, label and ``row``, and ``features.npy``
    ``[N, C]``, a line per row.
    """
    clips, features = collection.clips, collection.features
    # Frames are counted from 1, the last one included.
    first = np.rint(clips.start * clips.fps).astype(int) + 1
    last = np.maximum(np.rint(clips.end * clips.fps).astype(int), first)
    labels = {}
    for row, video in enumerate(clips.video):
        labels.setdefault(f'{video:08}', []).append(dict(
            label='none' if clips.label[row] < 0 else str(clips.label[row]),
            support=[int(first[row]), int(last[row])],
            attributes=dict(row=row)))
    paths = {f'{video:08}': osp.abspath(collection.path(video))
             for video in range(len(collection.videos))}
    with whole(out) as part:
        os.makedirs(part)
        for name, content in {'data.json': paths, 'labels.json': dict(
                classes=None, labels=labels)}.items():
            with open(osp.join(part, name), 'w') as file:
                json.dump(content, file)
        with open(osp.join(part, 'features.npy'), 'wb') as file:
            np.lib.format.write_array_header_1_0(file, dict(
                descr=np.lib.format.dtype_to_descr(features.dtype),
                fortran_order=False, shape=features.shape))
            for rows in blocks(collection):
                file.write(rows.features.tobytes())
