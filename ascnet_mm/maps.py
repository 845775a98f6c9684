"""Maps: features brought to the plane, the near ones near one another."""
from importlib.util import find_spec
from typing import Union

import numpy as np
import torch
from torch import Tensor

from .errors import InputError
from .evaluation.search import ComparableRows, require_numbers

# Kinds, and the modules that make them
MAPS = dict(pca='torch', tsne='sklearn', umap='umap')
# Rows in memory at a time
BLOCK = 2**14
# Of unit length; a collection's `UnitRows` are sliced in the same way.
Rows = Union[Tensor, ComparableRows]


def require_map(kind: str) -> None:
    """Refuse a kind of map that cannot be made here.

    Raises:
        InputError: If there is none of this name, or the package that makes
            it is not installed.
    """
    if kind not in MAPS:
        raise InputError(f'a map is one of {", ".join(MAPS)}, not {kind!r}')
    if find_spec(MAPS[kind]) is None:
        raise InputError(
            f'a {kind} map needs {MAPS[kind]}, which is not installed: '
            "pip install 'ascnet_mm[maps]', or take --map pca")


def plane_of(unit: Rows, kind: str = 'pca', seed: int = 0) -> np.ndarray:
    """Places of features on a map, where they are compared by cosine.

    Args:
        unit (Tensor | ComparableRows): Rows of unit length, ``[N, C]``.
        kind (str): ``'pca'``, which reads them by blocks; ``'tsne'`` or
            ``'umap'``, which hold them all in memory and need four.
        seed (int): Of those that draw. Defaults to 0.

    Returns:
        np.ndarray: float32 ``[N, 2]``. The signs of PCA's axes are such that
        the largest weight of each is positive.

    Raises:
        InputError: As :func:`require_map`, or if there are too few rows, all
            are the same, or some are NaN.

    Examples:
        >>> plane_of(torch.eye(5)).shape
        (5, 2)
    """
    require_map(kind)
    if kind == 'pca':
        return _principal(unit).numpy()
    if len(unit) < 4:
        raise InputError(f'{len(unit)} points are too few for a {kind} map: '
                         'take --map pca')
    rows = unit[:]
    require_numbers(rows)
    if (rows == rows[0]).all():
        raise InputError(f'all points are the same: there is no {kind} map of '
                         'them')
    if kind == 'tsne':
        from sklearn.manifold import TSNE
        model = TSNE(
            init='pca' if rows.shape[1] > 1 else 'random',
            perplexity=min(30, (len(rows) - 1) / 3),
            random_state=seed)
    else:
        from umap import UMAP
        model = UMAP(
            n_neighbors=min(15, len(rows) - 1), random_state=seed)
    return model.fit_transform(rows.numpy()).astype(np.float32)


def _principal(unit: Rows) -> Tensor:
    """Projection on the two main axes, float32 ``[N, 2]``."""
    count = len(unit)
    if not count:
        return torch.zeros(0, 2)
    blocks = [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]
    mean = sum(unit[block].double().sum(dim=0) for block in blocks) / count
    require_numbers(mean)
    spread = mean.new_zeros(len(mean), len(mean))
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
