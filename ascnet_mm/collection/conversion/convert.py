"""Which formats there are."""
import os.path as osp

from ...errors import InputError
from ...files import make_folder
from ..reading import Collection
from .atlas import write_atlas
from .fiftyone import write_fiftyone
from .npz import write_npz
from .parquet import write_parquet
from .pgvector import write_sql
from .tensorboard import write_projector

# What writes each: of a collection, to a path
FORMATS = {
    'npz': write_npz,
    'parquet': write_parquet,
    'pgvector': write_sql,
    'embedding-atlas': write_atlas,
    'fiftyone': write_fiftyone,
    'tensorboard': write_projector,
}


def convert(collection: Collection, out: str, to: str) -> None:
    """Write a collection in the format of another tool.

    The features are read a block at a time. What each format holds is in
    docs/collections.md.

    Args:
        collection (Collection): What is converted.
        out (str): Path of the file, or of the folder for ``'fiftyone'`` and
            ``'tensorboard'``.
        to (str): A key of ``FORMATS``.

    Raises:
        InputError: If there is no such format, the collection has no clip,
            or there is something at ``out``.

    Examples:
        >>> convert(
        ...     Collection('mine'), 'mine.npz', 'npz')  # doctest: +SKIP
        >>> np.load('mine.npz')['features'].shape  # doctest: +SKIP
        (4312, 512)
    """
    if to not in FORMATS:
        raise InputError(f'there is no format {to!r}: name one of '
                         f'{", ".join(FORMATS)}')
    if not len(collection):
        raise InputError(f'{collection.folder} holds no clips')
    out = osp.abspath(out)
    if osp.lexists(out):
        raise InputError(f'{out} is there already: name a new file or folder')
    make_folder(osp.dirname(out))
    FORMATS[to](collection, out)
