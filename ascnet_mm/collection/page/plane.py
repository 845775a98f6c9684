"""Clips brought to the plane, the near ones near one another."""
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..features import UnitRows
from ..reading import Collection

MAPS = ('pca', 'umap')
# Rows in memory at a time
BLOCK = 2**14


def require_map(kind: str) -> None:
    """Refuse a kind of map that cannot be made here.

    Raises:
        InputError: If there is none of this name, or its package is not
            installed.
    """
    if kind not in MAPS:
        raise InputError(f'a map is one of {", ".join(MAPS)}, not {kind!r}')
    if kind == 'umap' and find_spec('umap') is None:
        raise InputError('a umap map needs umap-learn, which is not '
                         "installed: pip install 'ascnet_mm[maps]', or take "
                         '--map pca')


def plane_of(collection: Collection, kind: str = 'pca') -> np.ndarray:
    """Places of the clips on a map. Features are compared by cosine.

    Args:
        collection (Collection): C channels, N clips.
        kind (str): ``'pca'``, which reads the features by blocks; or
            ``'umap'``, which holds them all in memory.

    Returns:
        np.ndarray: float32 ``[N, 2]``. The signs of PCA's axes are such that
        the largest weight of each is positive.

    Raises:
        InputError: As :func:`require_map`, or if UMAP has too few clips.
    """
    require_map(kind)
    unit = UnitRows(collection.features)
    if kind == 'pca':
        return _principal(unit).numpy()
    if len(unit) < 4:
        raise InputError(f'{len(unit)} clips are too few for a umap map: '
                         'take --map pca')
    from umap import UMAP
    model = UMAP(n_neighbors=min(15, len(unit) - 1), random_state=0)
    return model.fit_transform(unit[:].numpy()).astype(np.float32)


def _principal(unit: UnitRows) -> Tensor:
    """Projection on the two main axes, float32 ``[N, 2]``."""
    rows, channels = unit.features.shape
    if not rows:
        return torch.zeros(0, 2)
    blocks = [slice(start, start + BLOCK) for start in range(0, rows, BLOCK)]
    mean = sum(unit[block].double().sum(dim=0) for block in blocks) / rows
    spread = torch.zeros(channels, channels, dtype=torch.double)
    for block in blocks:
        centered = unit[block].double() - mean
        spread += centered.T @ centered
    axes = torch.linalg.eigh(spread).eigenvectors.flip(1)[:, :2]
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    axes = axes * largest.sign()
    places = torch.cat([
        ((unit[block].double() - mean) @ axes).float() for block in blocks
    ])
    # Features of a single channel have one axis.
    return torch.nn.functional.pad(places, (0, 2 - places.shape[1]))
