"""Render a small set of videos in eight classes, to try the method on."""
import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('root', help='folder to write to')
    parser.add_argument(
        '--train', type=int, default=40, help='training videos per class')
    parser.add_argument(
        '--test', type=int, default=20, help='test videos per class')
    parser.add_argument('--seed', type=int, default=0)


def run(args: argparse.Namespace) -> None:
    """Render."""
    from ascnet_mm.preparation.synthetic import CLASSES, make_set
    make_set(args.root, args.train, args.test, args.seed)
    total = len(CLASSES) * (args.train + args.test)
    print(f'{total} videos in {len(CLASSES)} classes written to {args.root}')
