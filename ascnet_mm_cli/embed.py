"""Write the features of a list or a folder of videos to an .npz file.

    ascnet-mm embed CHECKPOINT MY_VIDEOS features.npz
    ascnet-mm embed CONFIG CHECKPOINT MY_VIDEOS features.npz

A checkpoint of this package, or a file of `ascnet-mm export`, says itself
which encoder sees the videos and how clips are taken of them; a config of
retrieval/ takes those of its protocol. The file holds features [videos, C],
names and labels.
"""
import argparse

from .arguments import CONFIG, add_run_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_video_arguments(parser)
    parser.add_argument('out', help='the .npz file to write')


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """What commands take that read features of the user's videos."""
    parser.add_argument('config', nargs='?', help=CONFIG)
    add_run_options(parser)
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        'videos', help='a folder, or a list file with a path and a label a '
        'line')
    parser.add_argument(
        '--root',
        help='folder that the listed paths start from; default: that of the '
        'list file')
    parser.add_argument(
        '--allow-outside',
        action='store_true',
        help='let listed paths be absolute or lead out of that folder')


def run(args: argparse.Namespace) -> None:
    """Write the features."""
    from ascnet_mm.apis import (
        Options,
        build_runner,
        features_of,
        read_features_config,
        set_environment,
    )
    cfg = read_features_config(args.config, args.checkpoint,
                               Options(args.cfg_options))
    cfg = features_of(cfg, args.videos, args.out, args.root,
                      args.allow_outside)
    cfg.load_from = args.checkpoint
    set_environment(cfg, args)
    build_runner(cfg, ('test', )).test()
