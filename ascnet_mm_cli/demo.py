"""Pre-train a small ASCNet in minutes and show what it has learned.

    python tools/demo.py                    # on a rendered set of videos
    python tools/demo.py --videos DIR       # on your own, without labels

Prints the checks before and after training side by side, and writes the
table (results.json), a picture of the run (curves.png), the checkpoints and a
page of the test videos (page/index.html) below the output folder.
"""
import argparse
import warnings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--videos', help='a folder of your own videos')
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=[0], help='one run each')
    parser.add_argument(
        '--epochs', type=int, help="default: the config's")
    parser.add_argument('--out', default='demo', help='output folder')
    parser.add_argument(
        '--set-dir',
        default='data/synthetic',
        help='where the rendered set lies or is to lie')


def run(args: argparse.Namespace) -> None:
    """Pre-train and show what was learned."""
    # Those of MMEngine and torch are no news to the user.
    warnings.filterwarnings('ignore', category=UserWarning)
    from ascnet_mm.demo.run import run_demo
    run_demo(args.videos, args.seeds, args.epochs, args.out, args.set_dir)
