"""Write the features of a list or a folder of videos to an .npz file.

    python tools/extract_features.py configs/ascnet/retrieval/r18_ucf101.py \\
        CHECKPOINT MY_VIDEOS features.npz

The config says how clips are taken and which encoder sees them; its data set
is replaced. The file holds features [videos, C], names and labels.
"""
import argparse
import os.path as osp

from mmaction.registry import MODELS
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import (
    build_runner,
    host_parser,
    is_a,
    read_config,
    run_script,
    set_environment,
)
from ascnet_mm.datasets.video_folder import EXTENSIONS
from ascnet_mm.models import ASCNet


def videos_parser(description: str) -> argparse.ArgumentParser:
    """What scripts take that read the features of videos of the user's."""
    parser = host_parser(description)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
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
    return parser


def parse_args() -> argparse.Namespace:
    parser = videos_parser(__doc__)
    parser.add_argument('out', help='the .npz file to write')
    return parser.parse_args()


def load_config(args: argparse.Namespace) -> Config:
    """The config with the user's videos as its test set.

    Raises:
        InputError: If an option does not fit the config.
    """
    cfg = read_config(args.config, args.cfg_options)
    if not is_a(cfg.model, ASCNet, MODELS) or not cfg.get('test_dataloader'):
        raise InputError(
            f'{args.config} gives no features: use a config of retrieval/')
    pipeline = cfg.test_dataloader.dataset.pipeline
    if osp.isdir(args.videos):
        root = args.videos
        dataset = dict(type='VideoFolder', data_root=root)
    elif not osp.isfile(args.videos) or args.videos.endswith(EXTENSIONS):
        raise InputError(
            f'{args.videos} is neither a folder nor a list file: put single '
            'videos into one')
    else:
        root = args.root or osp.dirname(args.videos)
        dataset = dict(
            type='VideoList',
            ann_file=args.videos,
            data_prefix=dict(video=root),
            allow_outside=args.allow_outside)
    cfg.test_dataloader.dataset = dict(
        dataset, pipeline=pipeline, test_mode=True)
    cfg.test_evaluator = dict(
        type='FeatureFile', path=args.out, root=root or '.')
    set_environment(cfg, args)
    cfg.load_from = args.checkpoint
    return cfg


def main() -> None:
    build_runner(load_config(parse_args()), ('test', )).test()


if __name__ == '__main__':
    run_script(main)
