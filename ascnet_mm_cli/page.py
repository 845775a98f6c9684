"""Write a page of a collection: a map of its clips, videos, neighbors.

    ascnet-mm page mine mine_page
    ascnet-mm page mine mine_page --map umap --groups clusters.json

writes a folder whose index.html opens from the disk, without a server. Each
clip is a point on a map that can be moved, zoomed and selected from; a click
plays the clip and shows its nearest neighbors in other videos. The videos
stay where they are, and the page finds them by paths relative to itself.
"""
import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ascnet_mm.collection import Collection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument('out', help='folder of the page')
    add_page_options(parser)
    parser.add_argument(
        '--neighbors', type=int, default=10, help='how many are shown of a '
        'clip')


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """What `page` and `serve` share."""
    parser.add_argument(
        '--map', choices=['pca', 'tsne', 'umap'], default='pca',
        help='kind of the map')
    parser.add_argument(
        '--groups', metavar='FILE', help='what else clips are colored by: '
        'JSON with an object per video, [{"file": ..., "cluster": ...}, ...]')
    add_label_names(parser)
    parser.add_argument(
        '--root', help='folder of the videos; default: that of the manifest')


def add_label_names(parser: argparse.ArgumentParser) -> None:
    """``--label-names``."""
    parser.add_argument(
        '--label-names', metavar='FILE', help='a name a line, that of label '
        '0 first; default: the folders of the videos, where each label has '
        'its own')


def groups_of(args: argparse.Namespace, collection: 'Collection') -> dict:
    """What is given to color clips by."""
    from ascnet_mm.collection.page import label_group, read_groups
    from ascnet_mm.label_names import read_label_names
    groups = read_groups(args.groups, collection) if args.groups else {}
    if args.label_names:
        groups['label'] = label_group(
            collection, read_label_names(args.label_names))
    return groups


def run(args: argparse.Namespace) -> None:
    """Write the page."""
    from ascnet_mm.collection import Collection
    from ascnet_mm.collection.page import write_page
    collection = Collection(args.collection, args.root)
    page = write_page(
        collection, args.out, args.map,
        groups_of(args, collection), args.neighbors)
    print(f'open it in a browser: {page}')
