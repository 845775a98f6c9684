"""Draw an encoder's features: a map of clips, and nearest videos.

    ascnet-mm visualize CHECKPOINT MY_VIDEOS --out pictures
    ascnet-mm visualize CONFIG CHECKPOINT MY_VIDEOS --out pictures

writes map.png, where clips of each playback speed are points, colored by
class and by speed, and retrieval.png, where each of some videos stands beside
the five nearest others. `untrained` instead of a checkpoint, with a config,
is an encoder with random weights. The features are those of `ascnet-mm
embed`.
"""
import argparse

from .embed import add_video_arguments

UNTRAINED = 'untrained'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_video_arguments(parser)
    parser.add_argument(
        '--queries', help='a folder or list of videos that query the others; '
        'default: they query one another')
    parser.add_argument(
        '--map',
        choices=['pca', 'tsne', 'umap'],
        default='pca',
        help='kind of the map')
    parser.add_argument(
        '--speeds', type=int, nargs='+', default=[1, 2],
        help='playback speeds on the map')
    parser.add_argument(
        '--rows', type=int, default=8, help='queries on the sheet')
    parser.add_argument(
        '--out', default='visualized', help='folder of the pictures')
    parser.add_argument('--seed', type=int, default=0, help='random seed')


def run(args: argparse.Namespace) -> None:
    """Write both pictures."""
    import os.path as osp
    from tempfile import TemporaryDirectory

    from ascnet_mm import InputError
    from ascnet_mm.apis import (
        Options,
        read_config,
        read_features_config,
        save_untrained,
        set_environment,
    )
    from ascnet_mm.files import make_folder
    from ascnet_mm.maps import require_map
    from ascnet_mm.visualization import draw, read_videos
    if min(args.rows, *args.speeds) < 1:
        raise InputError('--rows and --speeds must be positive')
    require_map(args.map)
    make_folder(args.out)
    options = Options(args.cfg_options)
    untrained = args.checkpoint == UNTRAINED
    if untrained and args.config is None:
        raise InputError('an encoder that has not been trained needs a '
                         f'config before {UNTRAINED}')
    with TemporaryDirectory() as folder:
        if untrained:
            cfg = read_config(args.config, options)
            cfg.load_from = osp.join(folder, 'untrained.pth')
            save_untrained(cfg.model, args.seed, cfg.load_from)
        else:
            cfg = read_features_config(args.config, args.checkpoint, options)
            cfg.load_from = args.checkpoint
        set_environment(cfg, args)
        where = (args.root, args.allow_outside)
        # Those of the map in the order that was asked for.
        played = {
            speed: read_videos(cfg, args.videos, speed, *where)
            for speed in dict.fromkeys([*args.speeds, 1])
        }
        queries = (
            read_videos(cfg, args.queries, 1, *where)
            if args.queries else played[1])
    shown = {speed: played[speed] for speed in args.speeds}
    encoder = ('an untrained encoder'
               if untrained else osp.basename(args.checkpoint))
    draw(shown, played[1], queries, args.out, encoder, args.map, args.rows,
         args.seed)
    print(f'written to {args.out}/map.png and {args.out}/retrieval.png')
