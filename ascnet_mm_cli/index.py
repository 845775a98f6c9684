"""Embed the clips of many videos into a collection, or bring one up to date.

    ascnet-mm index MY_VIDEOS mine --encoder CHECKPOINT
    ascnet-mm index list.txt mine --encoder CONFIG CHECKPOINT --root MY_VIDEOS

A collection is a folder with the features of all clips, their files and
times. The command may be killed at any moment: run it again to continue. Run
later, it embeds what is new or changed and drops what is gone. Videos that
cannot be read are named in skipped_videos.txt of the folder.
The encoder is a checkpoint of this package or a file of `ascnet-mm export`,
or any recognizer of MMAction2 by its config and checkpoint.
"""
import argparse

from .arguments import add_launcher


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        'videos', help='a folder, or a list file with a line per video: its '
        'path and, if there is one, its label')
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument(
        '--encoder',
        nargs='+',
        required=True,
        metavar='FILE',
        help='a checkpoint; or a config and a checkpoint')
    parser.add_argument(
        '--window', type=float, default=2.0, help='seconds of a clip')
    parser.add_argument(
        '--stride', type=float, default=1.0, help='seconds from the start of '
        'a clip to that of the next')
    parser.add_argument(
        '--dtype', choices=['float16', 'float32'], default='float16',
        help='of the features on the disk')
    parser.add_argument(
        '--root', help='folder that the listed paths start from; default: '
        'that of the list file')
    parser.add_argument(
        '--workers', type=int, help='processes that decode; default: the '
        'cores, shared by the ranks of the machine')
    parser.add_argument('--device', help='where the encoder runs; default: '
                        'a GPU if there is one')
    add_launcher(parser)


def run(args: argparse.Namespace) -> None:
    """Index, and say what the collection holds."""
    from mmengine.dist import is_main_process

    from ascnet_mm.collection import index
    from ascnet_mm.compat.cpu_ranks import join_ranks
    join_ranks(args.launcher, args.local_rank)
    collection = index(
        args.videos, args.collection, args.encoder, args.window, args.stride,
        args.dtype, args.root, args.workers, args.device)
    if not is_main_process():
        return
    print(f'{args.collection}: {len(collection)} clips of '
          f'{len(collection.videos)} videos')
    if collection.unreadable:
        print(f'{len(collection.unreadable)} videos cannot be read: '
              f'{args.collection}/skipped_videos.txt')
