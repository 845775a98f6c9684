"""Group the videos of a collection by what they are like.

    ascnet-mm clusters mine --k 20
    ascnet-mm clusters mine --method hdbscan

prints the cluster of each video, the largest cluster first: 0. HDBSCAN finds
the number of clusters itself, and leaves videos out: -1. Both are those of
scikit-learn (pip install 'ascnet_mm[maps]'), on the mean of a video's
centered features.
"""
import argparse

from .arguments import add_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument(
        '--k', type=int, default=10, help='how many clusters k-means makes')
    parser.add_argument(
        '--method', choices=['kmeans', 'hdbscan'], default='kmeans')
    parser.add_argument(
        '--seed', type=int, default=0, help='of k-means')
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Cluster and print."""
    import json

    from ascnet_mm.collection import Collection, clusters
    from ascnet_mm.text import printable
    collection = Collection(args.collection)
    numbers = clusters(collection, args.k, args.method, args.seed).tolist()
    found = [
        dict(file=video.file, cluster=number)
        for video, number in zip(collection.videos, numbers)
    ]
    if args.json:
        print(json.dumps(found, indent=1))
        return
    for one in sorted(found, key=lambda one: one['cluster'] % len(found)):
        print(f'{one["cluster"]:4}  {printable(one["file"])}')
