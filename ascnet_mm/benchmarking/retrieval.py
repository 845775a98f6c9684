"""Search for nearest neighbors against a bare matmul and topk."""
import resource
import sys
import time
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..evaluation.search import nearest
from .timing import publish, ratio, side_by_side

# Queries and rows of the gallery; the fastest here is what counts.
BLOCKS = ((256, 16384), (512, 65536), (1024, 65536), (2048, 32768))


def run(queries: int, gallery: int, channels: int, depth: int, repeats: int,
        out: str) -> None:
    """Measure and write ``retrieval.json``.

    Args:
        queries (int): How many.
        gallery (int): How many they are searched among.
        channels (int): Of their features.
        depth (int): Neighbors of a query.
        repeats (int): Rounds that count.
        out (str): Folder of the file.
    """
    generator = torch.Generator().manual_seed(0)
    asked, rows = (
        unit_vectors(size, channels, generator)
        for size in (queries, gallery))
    before = peak_memory()
    # Before anything else has taken more
    nearest(asked, rows, depth)
    peak = peak_memory()
    block = best_block(asked, rows, depth)
    seconds = side_by_side(
        dict(
            bare=lambda: bare(asked, rows, depth, block),
            ours=lambda: nearest(asked, rows, depth)), repeats)
    publish(
        'retrieval',
        dict(
            queries=queries,
            gallery=gallery,
            channels=channels,
            depth=depth,
            dtype=str(rows.dtype),
            bare_block=block,
            features_mb=round((asked.nbytes + rows.nbytes) / 1e6),
            peak_mb_before_search=before,
            peak_mb=peak), seconds,
        [ratio('ours / bare', seconds, 'ours', 'bare', '<= 1.2')], out)


def unit_vectors(size: int, channels: int,
                 generator: torch.Generator) -> Tensor:
    """Random directions, float32 ``[size, channels]``."""
    vectors = torch.randn(size, channels, generator=generator)
    return F.normalize(vectors, dim=1, out=vectors)


def peak_memory() -> int:
    """The most memory this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, others kilobytes.
    return round(peak / (1e6 if sys.platform == 'darwin' else 1e3))


def best_block(queries: Tensor, gallery: Tensor,
               depth: int) -> Tuple[int, int]:
    """The block size that the bare search is fastest with on this machine.

    On a part of the features that a block of any size fits into.
    """
    part = (queries[:2048], gallery[:131072], depth)
    times = {}
    for block in BLOCKS:
        bare(*part, block)
        start = time.perf_counter()
        bare(*part, block)
        times[block] = time.perf_counter() - start
    return min(times, key=times.get)


def bare(queries: Tensor, gallery: Tensor, depth: int,
         block: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Blocks of a matrix product and topk: any of the equals, in any order.

    Args:
        queries (Tensor): ``[Q, C]``.
        gallery (Tensor): ``[G, C]``.
        depth (int): How many to find.
        block (tuple[int, int]): Queries and rows of the gallery at a time.

    Returns:
        tuple[Tensor, Tensor]: Dot products and indices, ``[Q, depth]``.
    """
    found = []
    for part in queries.split(block[0]):
        best: Optional[Tuple[Tensor, Tensor]] = None
        for start in range(0, len(gallery), block[1]):
            similarity = part @ gallery[start:start + block[1]].T
            values, order = similarity.topk(min(depth, similarity.shape[1]))
            order += start
            if best is not None:
                values, by = torch.cat([best[0], values], 1).topk(depth)
                order = torch.cat([best[1], order], 1).gather(1, by)
            best = values, order
        found.append(best)
    values, order = zip(*found)
    return torch.cat(values), torch.cat(order)
