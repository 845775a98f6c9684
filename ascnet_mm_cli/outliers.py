"""Find the videos of a collection that are like no others.

    ascnet-mm outliers mine --top 20

prints the videos that are farthest from their nearest five (1 - mean cosine
of their centered features), and the nearest of these: black pictures, test
cards, what got into the folder by mistake.
"""
import argparse

from .arguments import add_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument(
        '--top', type=int, default=10, help='how many')
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Search and print."""
    import json

    from ascnet_mm.collection import Collection, outliers
    from ascnet_mm.text import printable
    collection = Collection(args.collection)
    found = [
        dict(file=collection.videos[one.video].file, distance=one.distance,
             nearest=collection.videos[one.nearest].file)
        for one in outliers(collection, args.top)
    ]
    if args.json:
        print(json.dumps(found, indent=1))
        return
    print('distance  video, and the nearest to it')
    for one in found:
        print(f'{one["distance"]:8.3f}  {printable(one["file"])}, '
              f'{printable(one["nearest"])}')
