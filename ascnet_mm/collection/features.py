"""The features of a collection, of which no more than asked for is read."""
from bisect import bisect_right
from collections import OrderedDict
from tokenize import TokenError
from typing import List, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from .layout import gone

# Shards that are open at a time: each takes a file.
OPEN = 64
# What numpy raises at a file that is no array: the header is a Python
# literal, which may be anything.
NO_ARRAY = (OSError, ValueError, SyntaxError, EOFError, TokenError,
            OverflowError, MemoryError)


class Features:
    """Rows of features that lie in several memory-mapped files.

    ``features[3]``, ``features[10:20]``, ``features[[4, 7, 4]]`` and, by a
    mask of all rows, ``features[clips.label == 2]`` are new arrays ``[C]`` and
    ``[rows, C]`` of :attr:`dtype`, in memory. Any other index is an
    ``IndexError``.

    Args:
        paths (Sequence[str]): The ``.npy`` files.
        rows (Sequence[int]): How many rows each has.
        channels (int): C.
        dtype (str): Of the files.

    Attributes:
        shape (tuple[int, int]): ``[rows, C]``.
        dtype (np.dtype): float16 or float32.
    """

    def __init__(self, paths: Sequence[str], rows: Sequence[int],
                 channels: int, dtype: str) -> None:
        self._paths = list(paths)
        self._rows = list(rows)
        self._ends: List[int] = np.cumsum([0, *rows]).tolist()[1:]
        self._open: OrderedDict[int, np.ndarray] = OrderedDict()
        self.dtype = np.dtype(dtype)
        self.shape: Tuple[int, int] = (sum(rows), channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(
            self, rows: Union[int, slice, Sequence[int], np.ndarray]
    ) -> np.ndarray:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._slice(start, max(start, stop))
            rows = range(start, stop, step)
        if isinstance(rows, tuple):
            raise IndexError('features are indexed by rows alone: '
                             'features[rows][:, channels]')
        numbers = np.asarray(rows)
        if numbers.dtype == bool and numbers.shape == (len(self), ):
            numbers = np.flatnonzero(numbers)
        # An empty list is one of floats.
        if numbers.ndim > 1 or (numbers.size and not np.issubdtype(
                numbers.dtype, np.integer)):
            raise IndexError(
                'rows are whole numbers, a list of them or a mask of '
                f'{len(self)}, not {numbers.dtype} {list(numbers.shape)}')
        found = self._chosen(np.atleast_1d(numbers).astype(np.int64))
        return found if numbers.ndim else found[0]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def _slice(self, start: int, stop: int) -> np.ndarray:
        found = np.empty((stop - start, self.shape[1]), self.dtype)
        here = start
        while here < stop:
            number = bisect_right(self._ends, here)
            first = self._ends[number] - self._rows[number]
            until = min(stop, self._ends[number])
            found[here - start:until - start] = self._shard(number)[
                here - first:until - first]
            here = until
        return found

    def _chosen(self, rows: np.ndarray) -> np.ndarray:
        total = len(self)
        if ((rows < -total) | (rows >= total)).any():
            raise IndexError(f'rows are 0 to {total - 1}')
        rows = np.where(rows < 0, rows + total, rows)
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        shards = np.searchsorted(self._ends, rows, side='right')
        for number in np.unique(shards):
            here = shards == number
            first = self._ends[number] - self._rows[number]
            found[here] = self._shard(int(number))[rows[here] - first]
        return found

    def _shard(self, number: int) -> np.ndarray:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        shape = self._rows[number], self.shape[1]
        shard = open_features(self._paths[number], shape, self.dtype)
        self._open[number] = shard
        if len(self._open) > OPEN:
            self._open.popitem(last=False)
        return shard


def open_features(path: str, shape: Tuple[int, int],
                  dtype: np.dtype) -> np.ndarray:
    """Map a file of features into memory.

    Raises:
        InputError: If it is no such file.
    """
    try:
        shard = np.load(path, mmap_mode='r', allow_pickle=False)
    except FileNotFoundError as error:
        raise gone(path) from error
    except NO_ARRAY as error:
        raise InputError(
            f'{path} is damaged ({error}): run `ascnet-mm index` again, '
            'which rebuilds this part') from error
    if not isinstance(shard, np.ndarray) or (
            shard.shape, shard.dtype) != (shape, dtype):
        found = getattr(shard, 'shape', '?'), getattr(shard, 'dtype', '?')
        raise InputError(
            f'{path} is damaged: it holds {found[1]} {list(found[0])} '
            f'instead of {dtype} {list(shape)}; run `ascnet-mm index` '
            'again, which rebuilds this part')
    return shard


class UnitRows:
    """Rows of unit length, for :func:`ascnet_mm.evaluation.search.nearest`.

    A slice ``[a:b]`` is a new float32 Tensor ``[b - a, C]``.
    """

    def __init__(self, features: Union[Features, np.ndarray]) -> None:
        self.features = features

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: slice) -> Tensor:
        block = torch.from_numpy(self.features[rows].astype(np.float32))
        return F.normalize(block, dim=1, out=block)
