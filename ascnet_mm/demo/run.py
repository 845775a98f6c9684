"""The demo, from videos to a table, a picture, figures and a page."""
import os.path as osp
import time
from typing import Dict, List, Optional, Sequence

from rich.console import Console

from ..apis import check_data
from ..errors import InputError
from ..figures import write_figures
from .checks import raw_pixels, show_table, summarize
from .pictures import draw
from .showing import show_collection
from .training import folder_config, pretrain, rendered_config


def run_demo(videos: Optional[str], seeds: Sequence[int],
             epochs: Optional[int], out: str, set_dir: str) -> None:
    """Pre-train and show what was learned.

    Args:
        videos (str, optional): A folder of the user's videos; None for the
            rendered set.
        seeds (Sequence[int]): One run each.
        epochs (int, optional): How many; None for those of the config.
        out (str): Folder for the checkpoints, ``curves.png``,
            ``results.json``, and a collection of the test videos and its
            page.
        set_dir (str): Where the rendered set is, or is to be.

    Raises:
        InputError: If there are no videos, or a number makes no sense.
    """
    if epochs is not None and epochs < 1:
        raise InputError(f'--epochs must be 1 or more, not {epochs}')
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise InputError('--seeds are numbers from 0 on, each given once, not '
                         f'{" ".join(map(str, seeds))}')
    console, start = Console(), time.time()
    cfg = folder_config(videos) if videos else rendered_config(set_dir)
    if epochs:
        cfg.train_cfg.max_epochs = epochs
    check_data(cfg, ('train', 'val'))
    logs: Dict[int, List[dict]] = {
        seed: pretrain(cfg, seed, osp.join(out, f'seed_{seed}'), console)
        for seed in seeds
    }
    references = None if videos else raw_pixels(cfg)
    checks = summarize(logs)
    show_table(checks, references, console)
    draw(logs, osp.join(out, 'curves.png'))
    write_figures(
        'results', out, epochs=cfg.train_cfg.max_epochs,
        minutes=round((time.time() - start) / 60, 2), references=references,
        checks=checks)
    print(f'{out}/curves.png shows the runs over time; the checkpoints are '
          'beside it.')
    page = show_collection(cfg, osp.join(out, f'seed_{seeds[0]}'), out)
    if page:
        print(f'{page} is a map of the test videos, each beside its '
              'nearest: open it in a browser.')
