"""The demo's pre-training."""
import json
import os.path as osp
import time
from typing import List

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ..apis import read_config
from ..datasets import VideoFolder
from ..preparation.synthetic import CLASSES, make_set
from ..shipped import config_path

CONFIG = 'ascnet_mm::ascnet/r18_demo.py'


class ProgressBar(Hook):
    """Shows epochs, losses and the remaining time."""

    def __init__(self, title: str, console: Console) -> None:
        self.title = title
        self.bar = Progress(
            TextColumn('{task.description}'), BarColumn(),
            MofNCompleteColumn(), TextColumn('epochs, {task.fields[note]}'),
            TimeRemainingColumn(), console=console)  # yapf: disable

    def before_train(self, runner: Runner) -> None:
        self.task = self.bar.add_task(
            self.title, total=runner.max_epochs, note='')
        self.bar.start()

    def after_train_epoch(self, runner: Runner) -> None:
        acp, scp = (
            runner.message_hub.get_scalar(f'train/loss_{task}').mean(10)
            for task in ('acp', 'scp'))
        self.bar.update(
            self.task, advance=1, note=f'loss acp {acp:.3f} scp {scp:.3f}')

    def after_train(self, runner: Runner) -> None:
        self.bar.stop()


def rendered_config(folder: str) -> Config:
    """The demo's config, on the rendered set (made if it is not there)."""
    if not osp.isfile(osp.join(folder, 'test.txt')):
        print(f'rendering videos in {len(CLASSES)} classes to {folder} ...')
        make_set(folder, train=40, test=20, seed=0)
    return read_config(CONFIG, dict(data_root=folder))


def folder_config(folder: str) -> Config:
    """The demo's config, on a folder of the user's.

    Args:
        folder (str): Of videos, without labels.

    Raises:
        InputError: If it holds no videos.
    """
    cfg = Config.fromfile(config_path(CONFIG))
    parts = dict(train=cfg.train_dataloader, val=cfg.val_dataloader)
    for part, loader in parts.items():
        loader.dataset = dict(
            type='VideoFolder',
            data_root=folder,
            part=part,
            pipeline=cfg[f'{part}_pipeline'],
            test_mode=part == 'val')
    videos = len(VideoFolder(folder, [], part='train'))
    cfg.train_dataloader.batch_size = min(cfg.batch_size, videos)
    cfg.val_evaluator = [
        evaluator for evaluator in cfg.val_evaluator
        if evaluator.type != 'VideoRetrievalMetric'
    ]
    return cfg


def pretrain(cfg: Config, seed: int, work_dir: str,
             console: Console) -> List[dict]:
    """Train with one seed.

    Args:
        cfg (Config): What is trained.
        seed (int): The seed.
        work_dir (str): Folder of logs and checkpoints.
        console (Console): Where the progress is shown.

    Returns:
        list[dict]: What was logged, in order.
    """
    cfg = cfg.copy()
    cfg.merge_from_dict(
        dict(
            work_dir=work_dir, randomness=dict(seed=seed),
            log_level='WARNING', default_hooks=dict(
                logger=dict(interval=1000, ignore_last=False))))
    cfg.experiment_name = f'demo_{seed}_{time.time_ns()}'
    runner = Runner.from_cfg(cfg)
    # MMEngine's own use of what it deprecates is no news to the user.
    runner.logger.addFilter(
        lambda record: 'will be deprecated' not in record.getMessage())
    runner.register_hook(ProgressBar(f'seed {seed}', console))
    runner.train()
    log = osp.join(runner.log_dir, 'vis_data', 'scalars.json')
    with open(log) as lines:
        return [json.loads(line) for line in lines]
