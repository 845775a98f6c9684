"""The rows of clips, as Parquet."""
import io
from types import ModuleType
from typing import Dict, Sequence

import numpy as np

from ..errors import InputError
from .layout import gone

TIMES = ('start', 'end', 'fps')


def to_parquet(files: Sequence[str], label: np.ndarray,
               times: Dict[str, np.ndarray]) -> bytes:
    """A table with a row per clip.

    Args:
        files (Sequence[str]): The path of each clip's video.
        label (np.ndarray): int64 ``[rows]``, -1 where there is none.
        times (dict[str, np.ndarray]): ``start``, ``end`` and ``fps``, each
            float64 ``[rows]``.

    Returns:
        bytes: The content of the file.
    """
    arrow, parquet = require_pyarrow()
    table = arrow.table(dict(
        file=arrow.array(files, arrow.string()),
        **{name: arrow.array(times[name], arrow.float64())
           for name in TIMES},
        label=arrow.array(label, arrow.int64())))  # yapf: disable
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def from_parquet(path: str, rows: int) -> Dict[str, np.ndarray]:
    """``start``, ``end`` and ``fps`` of the clips, float64 ``[rows]``.

    Raises:
        InputError: If the file is no such table.
    """
    arrow, parquet = require_pyarrow()
    try:
        with parquet.ParquetFile(path, memory_map=False) as file:
            schema = file.schema_arrow
            if file.metadata.num_rows != rows or any(
                    schema.field(name).type != arrow.float64()
                    for name in TIMES):
                raise ValueError(f'not {rows} rows of {", ".join(TIMES)}')
            table = file.read(columns=list(TIMES))
        # Arrow's arrays cannot be written to; and they hold the table.
        return {
            name: table.column(name).to_numpy(zero_copy_only=False).copy()
            for name in TIMES
        }
    except FileNotFoundError as error:
        raise gone(path) from error
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(
            f'{path} is damaged ({error}): run `ascnet-mm index` again, '
            'which rebuilds this part') from error


def require_pyarrow() -> 'tuple[ModuleType, ModuleType]':
    """``pyarrow`` and ``pyarrow.parquet``.

    Raises:
        InputError: If they are not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError('a collection needs pyarrow, which is not '
                         "installed: pip install 'ascnet_mm[collection]'"
                         ) from error
    return pyarrow, pyarrow.parquet
