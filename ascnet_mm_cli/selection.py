"""Choose a diverse subset of the videos of a collection, to label.

    ascnet-mm select mine 100 > to_label.txt

prints the paths of so many videos, each as far as possible from those before
it (k-center greedy). The choice is the same each time, and 100 videos are the
first 100 of 200.
"""
import argparse
import sys

from .arguments import add_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument('count', type=int, metavar='N', help='how many')
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Choose and print."""
    import json

    from ascnet_mm.collection import Collection, select
    from ascnet_mm.text import printable
    collection = Collection(args.collection)
    files = [collection.videos[place].file
             for place in select(collection, args.count)]
    if args.json:
        print(json.dumps(files, indent=1))
    else:
        # A file takes the paths as they are: it may list them again.
        for file in files:
            plain = '\n' not in file and not sys.stdout.isatty()
            print(file if plain else printable(file))
