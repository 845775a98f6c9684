"""Search for nearest neighbours against a bare matmul and topk."""
import argparse
import resource
import sys
import time
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ascnet_mm.evaluation.search import nearest

from .timing import publish, ratio, side_by_side

# Queries and rows of the gallery; the fastest here is what counts.
BLOCKS = ((256, 16384), (512, 65536), (1024, 65536), (2048, 32768))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sizes to the command's options."""
    parser.add_argument('--queries', type=int, default=2000)
    parser.add_argument('--gallery', type=int, default=100_000)
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument(
        '--depth', type=int, default=200, help='neighbours of a query')
    parser.add_argument(
        '--repeats', type=int, default=7, help='rounds that count')


def run(args: argparse.Namespace) -> None:
    """Measure and write ``retrieval.json``."""
    generator = torch.Generator().manual_seed(0)
    queries, gallery = (
        unit_vectors(size, args.channels, generator)
        for size in (args.queries, args.gallery))
    before = peak_memory()
    # Before anything else has taken more
    nearest(queries, gallery, args.depth)
    peak = peak_memory()
    block = best_block(queries, gallery, args.depth)
    seconds = side_by_side(
        dict(
            bare=lambda: bare(queries, gallery, args.depth, block),
            ours=lambda: nearest(queries, gallery, args.depth)), args.repeats)
    publish(
        'retrieval',
        dict(
            queries=args.queries,
            gallery=args.gallery,
            channels=args.channels,
            depth=args.depth,
            dtype=str(gallery.dtype),
            bare_block=block,
            features_mb=round((queries.nbytes + gallery.nbytes) / 1e6),
            peak_mb_before_search=before,
            peak_mb=peak), seconds,
        [ratio('ours / bare', seconds, 'ours', 'bare', '<= 1.2')], args.out)


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
