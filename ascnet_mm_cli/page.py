"""Write a page of a collection: a map of its clips, videos, neighbors.

    ascnet-mm page mine mine_page
    ascnet-mm page mine mine_page --map umap --groups clusters.json

writes a folder whose index.html opens from the disk, without a server. Each
clip is a point on a map that can be moved, zoomed and selected from; a click
plays the clip and shows its nearest neighbors in other videos. The videos
stay where they are, and the page finds them by paths relative to itself.
"""
import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument('out', help='folder of the page')
    add_page_options(parser)
    parser.add_argument(
        '--neighbors', type=int, default=10, help='how many are shown of a '
        'clip; default: %(default)s')


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """What `page` and `serve` share."""
    parser.add_argument(
        '--map', choices=['pca', 'umap'], default='pca',
        help='kind of the map; default: %(default)s')
    parser.add_argument(
        '--groups', metavar='FILE', help='what else clips are colored by: '
        'JSON with an object per video, [{"file": ..., "cluster": ...}, ...]')
    parser.add_argument(
        '--root', help='folder of the videos; default: that of the manifest')


def run(args: argparse.Namespace) -> None:
    """Write the page."""
    from ascnet_mm.collection import Collection
    from ascnet_mm.collection.page import read_groups, write_page
    collection = Collection(args.collection, args.root)
    page = write_page(
        collection, args.out, args.map,
        args.groups and read_groups(args.groups, collection), args.neighbors)
    print(f'open it in a browser: {page}')
