"""Videos and their neighbors, drawn to files."""
import os.path as osp
import time
from copy import deepcopy
from tempfile import TemporaryDirectory
from typing import Dict, Optional

import numpy as np
import torch
from mmaction.datasets.transforms import SampleFrames
from mmaction.registry import TRANSFORMS
from mmengine.config import Config

from ..apis import build_runner, features_of, is_a
from ..datasets import SlidingSampleFrames
from ..errors import InputError
from ..evaluation.search import ComparableRows
from ..files import make_folder
from ..maps import plane_of
from .features import Videos, choose, search
from .pictures import draw_map, draw_sheet, plain

DEPTH = 5


def read_videos(cfg: Config,
                videos: str,
                speed: int,
                root: Optional[str] = None,
                allow_outside: bool = False) -> Videos:
    """Features of videos played at a speed.

    Args:
        cfg (Config): As for :func:`features_of`; it is left as it is.
        videos (str): A folder or a list file.
        speed (int): Playback speed.
        root (str, optional): Folder that listed paths start from.
        allow_outside (bool): Let them lead out of it.

    Raises:
        InputError: If an option does not fit, or no video can be read.
    """
    cfg = deepcopy(cfg)
    with TemporaryDirectory() as folder:
        path = osp.join(folder, 'features.npz')
        features_of(cfg, videos, path, root, allow_outside)
        play(cfg, speed)
        cfg.log_level = 'WARNING'
        # MMEngine wants one of its own for each runner.
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


def draw(played: Dict[int, Videos],
         gallery: Videos,
         queries: Videos,
         folder: str,
         encoder: str,
         kind: str = 'pca',
         rows: int = 8,
         seed: int = 0) -> None:
    """Write both pictures, ``map.png`` and ``retrieval.png``.

    Args:
        played (dict[int, Videos]): The videos of the map, by playback speed.
        gallery (Videos): Those that are found, at 1x.
        queries (Videos): What queries them, at 1x.
        folder (str): Where the pictures are to lie.
        encoder (str): What the titles call the encoder.
        kind (str): Kind of the map: ``'pca'``, ``'tsne'`` or ``'umap'``.
            Defaults to ``'pca'``.
        rows (int): Queries on the sheet. Defaults to 8.
        seed (int): Of a map that draws. Defaults to 0.
    """
    make_folder(folder)
    encoder = plain(encoder, 60)
    shown = played.values()
    points = np.concatenate([videos.features for videos in shown])
    draw_map(
        plane_of(ComparableRows(torch.from_numpy(points)), kind, seed),
        [name for videos in shown for name in videos.classes],
        [speed for speed, videos in played.items() for _ in videos.names],
        f'{kind.upper()} of the features of {encoder}: '
        f'{len(gallery.names)} videos, a point at each playback speed',
        osp.join(folder, 'map.png'))
    found = search(queries, gallery, choose(queries.classes, rows), DEPTH)
    draw_sheet(
        found, queries, gallery,
        f'nearest {DEPTH} of {len(gallery.names)} videos by {encoder}, with '
        'cosine\n(solid green frame: of the class of the query; dashed '
        'orange: of another)', osp.join(folder, 'retrieval.png'))
