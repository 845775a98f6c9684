"""Parquet, a row per clip."""
from typing import Optional

import numpy as np

from ..reading import Collection
from ..table import require_pyarrow
from .rows import blocks, whole


def write_parquet(collection: Collection, out: str,
                  plane: Optional[np.ndarray] = None) -> None:
    """Columns ``file``, ``start``, ``end``, ``fps``, ``label``, and
    ``feature``, a list of C numbers, float32, which every reader knows.

    Args:
        collection (Collection): N clips.
        out (str): The file.
        plane (np.ndarray, optional): Places for the columns ``x`` and ``y``,
            float32 ``[N, 2]``.
    """
    arrow, parquet = require_pyarrow()
    channels = collection.features.shape[1]
    fields = dict(
        file=arrow.string(), start=arrow.float64(), end=arrow.float64(),
        fps=arrow.float64(), label=arrow.int64(),
        feature=arrow.list_(arrow.float32(), channels))  # yapf: disable
    if plane is not None:
        fields.update(x=arrow.float32(), y=arrow.float32())
    schema = arrow.schema(list(fields.items()))
    with whole(out) as part, parquet.ParquetWriter(part, schema) as writer:
        for rows in blocks(collection):
            columns = [
                rows.file, rows.start, rows.end, rows.fps, rows.label,
                arrow.FixedSizeListArray.from_arrays(
                    arrow.array(rows.features.astype(np.float32).ravel()),
                    channels)
            ]
            if plane is not None:
                columns += list(plane[rows.row.start:rows.row.stop].T.copy())
            writer.write_table(arrow.table([
                column if isinstance(column, arrow.Array)
                else arrow.array(column, kind)
                for column, kind in zip(columns, fields.values())
            ], schema=schema))
