"""Find videos of a test set that have a copy in the training set.

    ascnet-mm leaks train test

takes two collections of the same encoder and prints the pairs, with the
moments that match, as `ascnet-mm duplicates` does. The exit status is 0 if
there are none, and 1 if there are some or it is unknown because videos could
not be read.
"""
import argparse
import sys

from .arguments import add_json
from .duplicates import add_threshold, described, print_matches


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('train', help='folder of the one collection')
    parser.add_argument('test', help='folder of the other')
    add_threshold(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Search, print, and end with 1 if there are any."""
    import json

    from ascnet_mm.collection import Collection, leaks
    train, test = Collection(args.train), Collection(args.test)
    matches = leaks(train, test, args.threshold)
    if args.json:
        print(json.dumps(described(matches, train, test), indent=1))
    else:
        print_matches(matches, train, test)
        leaked = len({match.second for match in matches})
        print(f'{leaked} of {len(test.videos)} videos of {args.test} have a '
              f'copy in {args.train}')
    for collection in (train, test):
        if collection.unreadable:
            count = len(collection.videos) + len(collection.unreadable)
            print(f'{len(collection.unreadable)} of {count} videos of '
                  f'{collection.folder} could not be read: whether they are '
                  'copies is unknown', file=sys.stderr)
    if matches or train.unreadable or test.unreadable:
        sys.exit(1)
