"""Search for nearest neighbors, exactly and in bounded memory."""
from typing import NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.device import get_device
from torch import Tensor

from ..errors import InputError

# Numbers in a block: of similarities, or of features. 256 MB in float32.
BLOCK = 2**26
# Queries in a block, where there are more and the gallery is large enough
ROWS = 1024

# Similarities, descending, and indices into the gallery, each [Q, depth]
Neighbors = Tuple[Tensor, Tensor]
DIVERGED = (
    'features cannot be compared: some hold NaN or infinity; the checkpoint '
    'that they come from may have diverged')


class ComparableRows:
    """Features of videos made comparable, a block of them at a time.

    A slice ``[a:b]`` is a new Tensor ``[b - a, C]``. All of them together are
    never copied.

    Args:
        features (Sequence[Tensor]): ``[C]`` each; or one Tensor ``[R, C]``.
        center (bool): Subtract their mean. Defaults to False.
        scale (bool): Bring each to unit length. Defaults to True.
        whitening (Whitening, optional): Applied before they are scaled; with
            ``center`` their own mean is subtracted instead of its mean.
            Defaults to None.
    """

    def __init__(self,
                 features: Sequence[Tensor],
                 center: bool = False,
                 scale: bool = True,
                 whitening: Optional['Whitening'] = None) -> None:
        self.features = features
        self.scale = scale
        self.matrix = whitening.matrix if whitening else None
        if center:
            self.mean = _mean(features)
        else:
            self.mean = whitening.mean if whitening else None

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: slice) -> Tensor:
        # Stacking copies: the rest may work in place.
        block = torch.stack(tuple(self.features[rows]))
        if self.mean is not None:
            block -= self.mean
        if self.matrix is not None:
            block = block @ self.matrix
        return F.normalize(block, dim=1, out=block) if self.scale else block


def _mean(features: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(features[0], dtype=torch.double)
    for feature in features:
        total += feature
    return (total / len(features)).to(features[0].dtype)


class Whitening(NamedTuple):
    """Makes features vary alike in all directions.

    Attributes:
        mean (Tensor): What is subtracted, ``[C]``.
        matrix (Tensor): What the rest is multiplied by, ``[C, C]``.
    """
    mean: Tensor
    matrix: Tensor


def fit_whitening(features: Sequence[Tensor]) -> Whitening:
    """PCA whitening (Jegou and Chum, ECCV 2012) by a shrunk covariance.

    Directions in which features hardly vary would be amplified together with
    their noise, and the more so, the fewer features there are. Therefore the
    covariance is first moved toward a multiple of the identity, by as much as
    Ledoit and Wolf find best (*A well-conditioned estimator for
    large-dimensional covariance matrices*, 2004).

    Args:
        features (Sequence[Tensor]): ``[C]`` each, or one Tensor ``[R, C]``,
            floating point.

    Returns:
        Whitening: By the principal axes; of the features' dtype.

    Examples:
        >>> features = torch.randn(5000, 3) * torch.tensor([4., 2., 1.])
        >>> whitening = fit_whitening(features)
        >>> white = (features - whitening.mean) @ whitening.matrix
        >>> torch.allclose(white.T @ white / 5000, torch.eye(3), atol=0.1)
        True
    """
    mean, count = _mean(features), len(features)
    size = len(mean)
    covariance = mean.new_zeros(size, size, dtype=torch.double)
    fourth = 0.
    rows = max(BLOCK // size, 1)
    for start in range(0, count, rows):
        block = torch.stack(tuple(features[start:start + rows])) - mean
        block = block.double()
        covariance += block.T @ block / count
        fourth += block.square().sum(dim=1).square().sum().item() / count
    # The mean square of what separates one feature's product from the rest,
    # as a share of what separates the covariance from the identity
    level = covariance.trace() / size
    spread = covariance.square().sum()
    apart = (spread - size * level**2).clamp(min=1e-300)
    share = ((fourth - spread) / count / apart).clamp(0, 1)
    values, axes = torch.linalg.eigh(covariance)
    values = (1 - share) * values + share * level
    # What rounding leaves; all is 1 where no feature differs from another.
    floor = torch.finfo(mean.dtype).eps * values[-1].item() or 1.
    return Whitening(mean, (axes / values.clamp(min=floor).sqrt()).to(mean))


def require_numbers(features: Union[np.ndarray, Tensor]) -> None:
    """Refuse features that cannot be compared.

    Args:
        features (np.ndarray | Tensor): Features, or what was made of them.

    Raises:
        InputError: If some are NaN or infinite.
    """
    if not torch.as_tensor(features).isfinite().all():
        raise InputError(DIVERGED)


@torch.no_grad()
def nearest(queries: Union[Tensor, ComparableRows],
            gallery: Union[Tensor, ComparableRows], depth: int) -> Neighbors:
    """The rows of a gallery with the highest dot products.

    Among equally similar rows, the one that is first in the gallery comes
    first. Similarities are the results of a block's matrix product. Their last
    bits depend on the shape of the block, on the position in it and on the
    device, and so does the order of rows that differ only in these bits,
    including copies of one row. Where products and sums are exact, the result
    is the same everywhere.

    In addition to arguments and result, a few blocks of ``BLOCK`` numbers (or
    of 4 x depth x C, where that is more) are in memory. Features on the CPU
    are searched on the accelerator if there is one, others where they are.

    Args:
        queries (Tensor | ComparableRows): ``[Q, C]``, floating point.
        gallery (Tensor | ComparableRows): ``[G, C]``, of the same dtype.
        depth (int): How many; more than G means G.

    Returns:
        tuple[Tensor, Tensor]: Dot products, descending, and int64 indices
        into the gallery, each ``[Q, min(depth, G)]``, on the gallery's
        device.

    Raises:
        InputError: If a dot product is NaN.
    """
    depth = min(depth, len(gallery))
    first = gallery[:1]
    device = search_device(first)
    similarity = first.new_empty(len(queries), depth)
    order = torch.empty_like(similarity, dtype=torch.long)
    # What is kept of so many queries fits into a block.
    share = max(BLOCK // max(first.shape[1], 8 * depth), 1)
    for start in range(0, len(queries), share):
        part = slice(start, start + share)
        similarity[part], order[part] = _search(queries[part].to(device),
                                                gallery, depth)
    return similarity, order


def search_device(features: Tensor) -> Union[torch.device, str]:
    """Where features are searched: the accelerator if they are on the CPU."""
    if features.device.type != 'cpu':
        return features.device
    # MPS has no double precision, nor everywhere a topk beyond 16.
    return 'cpu' if get_device() == 'mps' else get_device()


def _search(queries: Tensor, gallery: Union[Tensor, ComparableRows],
            depth: int) -> Neighbors:
    """:func:`nearest` for queries on the device, block by block."""
    # Four times the depth: merging is to cost less than searching.
    columns = max(BLOCK // max(ROWS, queries.shape[1]), 4 * depth)
    rows = max(BLOCK // min(columns, len(gallery)), 1)
    similarity = queries.new_empty(len(queries), 0)
    order = torch.empty_like(similarity, dtype=torch.long)
    floor = queries.new_full((len(queries), ), float('nan'))
    for start in range(0, len(gallery), columns):
        block = gallery[start:start + columns].to(queries.device)
        found = [
            _highest(part @ block.T, depth, part_floor) for part, part_floor
            in zip(queries.split(rows), floor.split(rows))
        ]
        del block  # before there is another
        values, places = (torch.cat(parts) for parts in zip(*found))
        similarity, order = _merge(
            torch.cat([similarity, values], dim=1),
            torch.cat([order, places + start], dim=1), depth)
        floor = similarity[:, -1]
    return similarity, order


def _merge(similarity: Tensor, order: Tensor, depth: int) -> Neighbors:
    """The highest of candidates whose equals stand in the gallery's order.

    Args:
        similarity (Tensor): ``[Q, N]``.
        order (Tensor): int64 ``[Q, N]``.
        depth (int): How many.

    Returns:
        tuple[Tensor, Tensor]: The same, each ``[Q, min(depth, N)]``.

    Raises:
        InputError: If a similarity is NaN.
    """
    similarity, by = similarity.sort(dim=1, descending=True, stable=True)
    # NaN counts as the highest of all: none has been left behind. Products may
    # be infinite.
    if similarity[:, 0].isnan().any():
        raise InputError(DIVERGED)
    return similarity[:, :depth].clone(), order.gather(1, by[:, :depth])


def _highest(similarity: Tensor, depth: int, floor: Tensor) -> Neighbors:
    """The highest in each row, of equals the first, from left to right.

    Args:
        similarity (Tensor): ``[Q, B]``.
        depth (int): How many.
        floor (Tensor): ``[Q]``. Which of the similarities up to it are found
            does not matter. NaN: none is set.

    Returns:
        tuple[Tensor, Tensor]: Similarities and int64 columns, in ascending
        order of the columns, each ``[Q, min(depth, B)]``.
    """
    columns = similarity.shape[1]
    if columns <= depth:
        order = torch.arange(columns, device=similarity.device)
        return similarity, order.expand_as(similarity)
    # Of equals topk takes any. That matters only if it leaves some out: then
    # the one beyond the last is another.
    values, order = similarity.topk(depth + 1, dim=1)
    last, beyond = values[:, -2], values[:, -1]
    torn = (last == beyond) & ~(last <= floor)
    values, order = values[:, :-1], order[:, :-1]
    torn = torn.nonzero()[:, 0]
    # Few at a time: what they take is small beside a block.
    for start in range(0, len(torn), 64):
        rows = torn[start:start + 64]
        order[rows] = _first_of_equals(similarity[rows], values[rows],
                                       order[rows])
    order, by = order.sort(dim=1)
    return values.gather(1, by), order


def _first_of_equals(similarity: Tensor, values: Tensor,
                     order: Tensor) -> Tensor:
    """Replace what equals the lowest value found by the first that do.

    Args:
        similarity (Tensor): ``[Q, B]``.
        values (Tensor): Its highest, descending, ``[Q, depth]``.
        order (Tensor): The columns where topk found them, ``[Q, depth]``.

    Returns:
        Tensor: The columns, ``[Q, depth]``.
    """
    columns, depth = similarity.shape[1], order.shape[1]
    lowest = values[:, -1:]
    places = torch.arange(
        columns, dtype=torch.int32, device=similarity.device)
    equals = torch.where(similarity == lowest, places, columns).topk(
        depth, dim=1, largest=False).values.long()
    higher = values > lowest
    nth = torch.arange(depth, device=order.device) - higher.sum(
        dim=1, keepdim=True)
    return torch.where(higher, order, equals.gather(1, nth.clamp(min=0)))
