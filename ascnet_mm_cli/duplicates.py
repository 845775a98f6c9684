"""Find copies and near-copies among the videos of a collection.

    ascnet-mm duplicates mine
    ascnet-mm duplicates mine --threshold 0.5 --json

prints groups of videos that are copies of each other or of parts of each
other (re-encoded, resized, trimmed, at twice or half the speed), and for each
pair the moments that match. A lower threshold, 0.5 for example, also finds
some cropped and mirrored copies, and look-alikes with them.
docs/collections.md says how many of which kind are found.
"""
import argparse

from .arguments import add_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    add_threshold(parser)
    add_json(parser)


def add_threshold(parser: argparse.ArgumentParser) -> None:
    """Declare what counts as a copy."""
    parser.add_argument(
        '--threshold', type=float, default=0.8, help='least similarity of '
        'two videos, up to 1')


def run(args: argparse.Namespace) -> None:
    """Search and print."""
    import json

    from ascnet_mm.collection import Collection, duplicates
    from ascnet_mm.text import printable
    collection = Collection(args.collection)
    groups = duplicates(collection, args.threshold)
    if args.json:
        print(json.dumps([
            dict(files=[collection.videos[v].file for v in group.videos],
                 matches=described(group.matches, collection, collection))
            for group in groups
        ], indent=1))
        return
    for number, group in enumerate(groups, 1):
        print(f'group {number}: {len(group.videos)} videos')
        for video in group.videos:
            print(f'  {printable(collection.videos[video].file)}')
        print_matches(group.matches, collection, collection)
    copies = sum(len(group.videos) - 1 for group in groups)
    print(f'{copies} of {len(collection.videos)} videos are copies of others, '
          f'in {len(groups)} groups')


def described(matches: list, first: 'Collection',  # noqa: F821
              second: 'Collection') -> list:  # noqa: F821
    """Matches as plain data, with paths in place of numbers."""
    return [
        dict(match._asdict(), first=first.videos[match.first].file,
             second=second.videos[match.second].file) for match in matches
    ]


def print_matches(matches: list, first: 'Collection',  # noqa: F821
                  second: 'Collection') -> None:  # noqa: F821
    """Print the moments that match, a pair a line."""
    from ascnet_mm.text import printable
    for match in matches:
        pace = '' if match.speed == 1 else f', at {match.speed:g}x speed'
        print(f'  {match.similarity:.3f}  '
              f'{printable(first.videos[match.first].file)} '
              f'{match.start_first:.1f}-{match.end_first:.1f} s = '
              f'{printable(second.videos[match.second].file)} '
              f'{match.start_second:.1f}-{match.end_second:.1f} s{pace}')
