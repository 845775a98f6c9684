"""Draw what an encoder makes of videos: a map of clips, and nearest videos.

    python tools/visualize.py configs/ascnet/retrieval/r18_ucf101.py \\
        CHECKPOINT MY_VIDEOS --out pictures

writes map.png, where clips of each playback speed are points, coloured by
class and by speed, and retrieval.png, where each of some videos stands beside
the five nearest others. `random` instead of a checkpoint is an encoder that
has not been trained. The features are those of tools/extract_features.py.
"""
import argparse
import os
import os.path as osp
import time
from tempfile import TemporaryDirectory
from typing import Dict

import extract_features
import numpy as np
from mmaction.datasets.transforms import SampleFrames
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from visualizing.features import (
    MAPS,
    Videos,
    choose,
    embed,
    require,
    search,
)
from visualizing.pictures import draw_map, draw_sheet

from ascnet_mm import InputError
from ascnet_mm.apis import (
    build_runner,
    is_a,
    read_config,
    run_script,
    save_untrained,
)
from ascnet_mm.datasets import SlidingSampleFrames

UNTRAINED = 'random'
DEPTH = 5


def parse_args() -> argparse.Namespace:
    parser = extract_features.videos_parser(__doc__)
    parser.add_argument(
        '--queries', help='a folder or list of videos that query the others; '
        'default: they query one another')
    parser.add_argument(
        '--map', choices=MAPS, default='pca', help='kind of the map')
    parser.add_argument(
        '--speeds', type=int, nargs='+', default=[1, 2],
        help='playback speeds on the map')
    parser.add_argument(
        '--rows', type=int, default=8, help='queries on the sheet')
    parser.add_argument(
        '--out', default='visualized', help='folder of the pictures')
    parser.add_argument('--seed', type=int, default=0, help='random seed')
    return parser.parse_args()


def extract(args: argparse.Namespace, videos: str, speed: int,
            folder: str) -> Videos:
    """Features of videos played at a speed.

    Raises:
        InputError: If an option does not fit, or no video can be read.
    """
    path = osp.join(folder, 'features.npz')
    cfg = extract_features.load_config(
        argparse.Namespace(**{**vars(args), 'videos': videos, 'out': path}))
    play(cfg, speed)
    cfg.log_level = 'WARNING'
    # The host wants one of its own for each runner.
    cfg.experiment_name = f'visualize_{time.time_ns()}'
    build_runner(cfg, ('test', )).test()
    return Videos.read(path, cfg.test_evaluator.root)


def play(cfg: Config, speed: int) -> None:
    """Set the playback speed of the clips.

    Raises:
        InputError: If the config's clips have none.
    """
    for step in cfg.test_dataloader.dataset.pipeline:
        if is_a(step, (SampleFrames, SlidingSampleFrames), TRANSFORMS):
            step.frame_interval = speed
            return
    raise InputError('the config has no SampleFrames, whose frame_interval '
                     'is the playback speed: use a config of retrieval/')


def draw(played: Dict[int, Videos], queries: Videos, args: argparse.Namespace,
         folder: str) -> None:
    """Write both pictures.

    Args:
        played (dict[int, Videos]): The videos by playback speed, 1 included.
        queries (Videos): What queries those of speed 1.
        args (argparse.Namespace): Options of the pictures.
        folder (str): Where they are to lie.
    """
    encoder = ('an untrained encoder' if args.checkpoint == UNTRAINED else
               osp.basename(args.checkpoint))
    shown = [played[speed] for speed in args.speeds]
    os.makedirs(folder, exist_ok=True)
    draw_map(
        embed(
            np.concatenate([videos.features for videos in shown]), args.map,
            args.seed), [name for videos in shown for name in videos.classes],
        [s for s in args.speeds for _ in played[s].names],
        f'{args.map.upper()} of the features of {encoder}: '
        f'{len(played[1].names)} videos, a point at each playback speed',
        osp.join(folder, 'map.png'))
    rows = search(queries, played[1], choose(queries.classes, args.rows),
                  DEPTH)
    draw_sheet(
        rows, queries, played[1],
        f'nearest {DEPTH} of {len(played[1].names)} videos by {encoder}, with '
        'cosine\n(solid green frame: of the class of the query; dashed '
        'orange: of another)', osp.join(folder, 'retrieval.png'))
    print(f'written to {folder}/map.png and {folder}/retrieval.png')


def main() -> None:
    args = parse_args()
    if min(args.rows, *args.speeds) < 1:
        raise InputError('--rows and --speeds must be positive')
    require(args.map)
    with TemporaryDirectory() as folder:
        given = argparse.Namespace(**vars(args))
        if args.checkpoint == UNTRAINED:
            given.checkpoint = osp.join(folder, 'untrained.pth')
            model = read_config(args.config, args.cfg_options).model
            save_untrained(model, args.seed, given.checkpoint)
        played = {
            speed: extract(given, args.videos, speed, folder)
            for speed in {1, *args.speeds}
        }
        queries = (
            extract(given, args.queries, 1, folder)
            if args.queries else played[1])
    draw(played, queries, args, args.out)


if __name__ == '__main__':
    run_script(main)
