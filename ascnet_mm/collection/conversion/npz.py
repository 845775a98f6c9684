"""NumPy's ``.npz``."""
import zipfile
from typing import Dict, Iterable

import numpy as np

from ..reading import Collection
from .rows import blocks, whole


def write_npz(collection: Collection, out: str) -> None:
    """``features`` ``[N, C]``, and ``file``, ``start``, ``end``, ``fps`` and
    ``label`` ``[N]``. Nothing in it is pickled.
    """
    clips = collection.clips
    files = np.array([video.file for video in collection.videos])
    columns: Dict[str, np.ndarray] = dict(
        file=files[clips.video], start=clips.start, end=clips.end,
        fps=clips.fps, label=clips.label)
    with whole(out) as part, zipfile.ZipFile(part, 'w') as archive:
        for name, column in columns.items():
            _write(archive, name, column.dtype, column.shape, [column])
        _write(archive, 'features', collection.features.dtype,
               collection.features.shape,
               (rows.features for rows in blocks(collection)))


def _write(archive: zipfile.ZipFile, name: str, dtype: np.dtype,
           shape: tuple, parts: Iterable[np.ndarray]) -> None:
    header = dict(descr=np.lib.format.dtype_to_descr(dtype),
                  fortran_order=False, shape=shape)
    with archive.open(f'{name}.npy', 'w', force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part).tobytes())
