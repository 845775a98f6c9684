"""Find the clips of a collection that are most like a video or a moment.

    ascnet-mm search mine query.mp4
    ascnet-mm search mine query.mp4 --start 12 --end 14.5
    ascnet-mm search mine --row 4711
    ascnet-mm search mine query.mp4 --page found

prints the nearest clips with their times, of each video the nearest one. A
query is embedded by the encoder that made the collection, in the same way; of
several clips of it the mean counts. Similarity is the cosine. The search is
exact, or with --approximate among a part of the clips, which is faster where
there are hundreds of thousands.
"""
import argparse
from typing import TYPE_CHECKING

from .page import add_label_names

if TYPE_CHECKING:
    from ascnet_mm.collection import Collection, InvertedLists, Neighbors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    query = parser.add_mutually_exclusive_group(required=True)
    query.add_argument('query', nargs='?', help='path of a video')
    query.add_argument(
        '--row', type=int, help='a clip of the collection is the query')
    parser.add_argument(
        '--start', type=float, default=0.0, help='seconds at which the '
        'moment begins')
    parser.add_argument(
        '--end', type=float, help='seconds at which it ends; default: the '
        'end of the video')
    parser.add_argument(
        '--top', type=int, default=10, help='how many')
    parser.add_argument(
        '--all-clips', action='store_true', help='of each video all clips')
    parser.add_argument(
        '--approximate',
        action='store_true',
        help='search a part of the clips, chosen by FAISS, and say how many '
        'of the nearest are found so')
    parser.add_argument(
        '--encoder',
        nargs='+',
        metavar='FILE',
        help='where the checkpoint of the encoder is now; or a config and a '
        'checkpoint')
    parser.add_argument('--device', help='where the encoder runs; default: '
                        'a GPU if there is one')
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        '--json', action='store_true', help='print JSON, not a table')
    shown.add_argument(
        '--page', metavar='OUT', help='write a page with the query and the '
        'clips found, in a folder')
    add_label_names(parser)
    parser.add_argument(
        '--root', help='folder of the videos, for --page; default: that of '
        'the manifest')


def run(args: argparse.Namespace) -> None:
    """Search and print."""
    import json

    from ascnet_mm.collection import Collection
    from ascnet_mm.collection.query import found_clips, query_of
    collection = Collection(args.collection, args.root)
    query = query_of(collection, args.query, args.row, args.start, args.end,
                     args.encoder, args.device)
    searched = approximate(collection) if args.approximate else collection
    found = searched.search(query, args.top, not args.all_clips)
    if args.page:
        write_page(args, collection, found)
    elif args.json:
        print(json.dumps(found_clips(collection, found), indent=1))
    else:
        print_table(found_clips(collection, found))


def approximate(collection: 'Collection') -> 'InvertedLists':
    """The collection's inverted lists; their recall is printed."""
    import sys

    from ascnet_mm.collection import InvertedLists
    lists = InvertedLists(collection)
    print(f'{len(lists.centers)} lists, a part of which is searched: '
          f'{100 * lists.recall:.1f} % of the 10 nearest clips are found',
          file=sys.stderr)
    return lists


def write_page(args: argparse.Namespace, collection: 'Collection',
               found: 'Neighbors') -> None:
    """Write the clips found as a page, and say where it is."""
    from ascnet_mm.collection.page import Moment, moment_of, write_results
    from ascnet_mm.label_names import read_label_names
    query = (Moment(args.query, args.start, args.end) if args.row is None
             else moment_of(collection, args.row))
    page = write_results(
        collection, query, found, args.page,
        read_label_names(args.label_names) if args.label_names else None)
    print(f'open it in a browser: {page}')


def print_table(found: list) -> None:
    """Print the clips found, one a line."""
    from ascnet_mm.text import printable
    names = [printable(clip['file']) for clip in found]
    width = max(map(len, names), default=4)
    print(f'{"cosine":>6}  {"video":{width}}  {"start":>8}  {"end":>8}  row')
    for clip, name in zip(found, names):
        print(f'{clip["similarity"]:6.3f}  {name:{width}}  '
              f'{clip["start"]:8.2f}  {clip["end"]:8.2f}  {clip["row"]}')
