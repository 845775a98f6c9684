"""Embedding Atlas."""
from ...maps import plane_of
from ..features import UnitRows
from ..reading import Collection
from .parquet import write_parquet


def write_atlas(collection: Collection, out: str) -> None:
    """The Parquet file with the places of the clips on a PCA map, ``x`` and
    ``y``; to be opened by ``embedding-atlas FILE --x x --y y``.
    """
    write_parquet(collection, out, plane_of(UnitRows(collection.features)))
