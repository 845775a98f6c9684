"""Pre-train a small ASCNet in minutes and show what it has learned.

    python tools/demo.py                    # on a rendered set of videos
    python tools/demo.py --videos DIR       # on your own, without labels

Prints the checks before and after training side by side, and writes the
table (results.json), a picture of the run (curves.png) and the checkpoints
below the output folder.
"""
import argparse
import json
import os
import os.path as osp
import platform
import sys
import time
import warnings
from typing import Dict, List, Optional

import matplotlib

matplotlib.use('Agg')

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
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
from rich.table import Table

from ascnet_mm.apis import check_data, read_config, run_script, versions
from ascnet_mm.datasets import VideoFolder
from ascnet_mm.evaluation.retrieval import chance_topk, topk_hits
from ascnet_mm.models import ClipDataPreprocessor
from ascnet_mm.preparation.synthetic import CLASSES, make_set

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
CHECKS = {
    'retrieval/top1': 'class retrieval, top-1 %',
    'retrieval/top5': 'class retrieval, top-5 %',
    'same_video/top1': 'same-video retrieval, top-1 %',
    'speed_probe/accuracy': 'speed probe, accuracy %',
}
CURVES = {
    'losses': ('loss_acp', 'loss_scp'),
    'spread of the projections': ('acp_spread', 'scp_spread'),
    'retrieved from the bank': ('retrieved_similarity', 'scp_target_share'),
}


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
    return read_config(
        osp.join(ROOT, 'configs/ascnet/r18_demo.py'), dict(data_root=folder))


def folder_config(folder: str) -> Config:
    """The demo's config, on a folder of the user's."""
    cfg = Config.fromfile(osp.join(ROOT, 'configs/ascnet/r18_demo.py'))
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
    """Train with one seed; what was logged, in order."""
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


def raw_pixels(cfg: Config) -> Dict[str, float]:
    """Class retrieval by thumbnails of the frames, 4 x 8 x 8 pixels."""
    dataset = Runner.build_dataloader(cfg.val_dataloader).dataset
    to_rgb = ClipDataPreprocessor(mean=[0, 0, 0], std=[255, 255, 255])
    features, labels, roles = [], [], []
    for index in range(len(dataset)):
        sample = dataset[index]
        clips, _ = to_rgb.preprocess([sample['inputs']],
                                     [sample['data_samples']])
        features.append(F.adaptive_avg_pool3d(clips[0], (4, 8, 8)).mean(0))
        labels.append(sample['data_samples'].gt_label)
        roles.append(sample['data_samples'].role == 'query')
    features, labels = torch.stack(features).flatten(1), torch.cat(labels)
    query = torch.tensor(roles)
    sets = (features[query], labels[query], features[~query], labels[~query])
    hits = topk_hits(*sets, topk=(1, 5))
    chance = chance_topk(labels[query], labels[~query], topk=(1, 5))
    return dict(
        raw={f'retrieval/top{k}': 100 * hits[k].double().mean().item()
             for k in hits},
        chance={f'retrieval/top{k}': chance[k] for k in chance})


def summarise(logs: Dict[int, List[dict]]) -> Dict[str, dict]:
    """Checks before and after training of every seed."""
    checks = {}
    for seed, log in logs.items():
        # What no video could be read for is in none of them.
        validations = [
            entry for entry in log if not CHECKS.keys().isdisjoint(entry)
        ] or [{}]
        checks[seed] = dict(
            before={k: validations[0][k] for k in CHECKS
                    if k in validations[0]},
            after={k: validations[-1][k] for k in CHECKS
                   if k in validations[-1]},
            chance={f'{name}/{key}': validations[-1][f'{name}/chance']
                    for name, key in (('same_video', 'top1'),
                                      ('speed_probe', 'accuracy'))
                    if f'{name}/chance' in validations[-1]})
    return checks


def show_table(checks: Dict[int, dict], references: Optional[dict],
               console: Console) -> None:
    """Print one table: chance, raw pixels, and all seeds before and after."""
    table = Table(title='What the encoder knows of videos it was not '
                  'trained on')
    seeds = ' / '.join(map(str, checks))
    table.add_column('check')
    table.add_column('chance', justify='right')
    if references:
        table.add_column('raw pixels', justify='right')
    for name in ('random network', 'trained'):
        table.add_column(f'{name}\nseed {seeds}', justify='right')
    first = next(iter(checks.values()))
    chance = dict(first['chance'], **(references or {}).get('chance', {}))
    for key in first['after']:
        row = [CHECKS[key], f'{chance[key]:.1f}']
        if references:
            raw = references['raw'].get(key)
            row.append('' if raw is None else f'{raw:.1f}')
        for when in ('before', 'after'):
            row.append(' / '.join(
                f'{result[when][key]:.1f}' for result in checks.values()))
        table.add_row(*row)
    console.print(table)


def draw(logs: Dict[int, List[dict]], path: str) -> None:
    """Losses and gauges over the epochs, a line per seed."""
    figure, axes = plt.subplots(2, 3, figsize=(13, 7), sharex=True)
    panels = list(axes.flat)
    for axis, (title, keys) in zip(panels, CURVES.items()):
        for color, key in zip(('tab:blue', 'tab:orange'), keys):
            for seed, log in logs.items():
                points = [(e['epoch'], e[key]) for e in log if key in e]
                axis.plot(
                    *zip(*points), color=color, lw=1, alpha=0.8,
                    label=key if seed == min(logs) else None)
        axis.set_title(title)
        axis.legend()
    names = [key for key in CHECKS if key != 'retrieval/top5']
    for axis, key in zip(panels[3:], names[-3:]):
        for seed, log in logs.items():
            points = [(e['step'], e[key]) for e in log if key in e]
            if points:
                axis.plot(*zip(*points), marker='.', label=f'seed {seed}')
        axis.set_title(CHECKS[key])
        axis.set_ylim(0, 102)
        axis.set_xlabel('epoch')
        if axis.lines:
            axis.legend()
        else:
            axis.set_title(f'{CHECKS[key]}\n(needs labels)')
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
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
    args = parser.parse_args()

    console, start = Console(), time.time()
    cfg = (
        folder_config(args.videos)
        if args.videos else rendered_config(args.set_dir))
    if args.epochs:
        cfg.train_cfg.max_epochs = args.epochs
    check_data(cfg, ('train', 'val'))
    logs = {
        seed: pretrain(cfg, seed, osp.join(args.out, f'seed_{seed}'), console)
        for seed in args.seeds
    }
    references = None if args.videos else raw_pixels(cfg)
    checks = summarise(logs)
    show_table(checks, references, console)
    draw(logs, osp.join(args.out, 'curves.png'))
    with open(osp.join(args.out, 'results.json'), 'w') as file:
        json.dump(
            dict(
                command=' '.join(['python', *sys.argv]),
                date=time.strftime('%Y-%m-%d'),
                machine=dict(
                    processor=platform.machine(), cores=os.cpu_count()),
                versions=versions(),
                epochs=cfg.train_cfg.max_epochs,
                minutes=round((time.time() - start) / 60, 2),
                references=references,
                checks=checks),
            file,
            indent=1)
    print(f'{args.out}/curves.png shows the runs over time; the figures are '
          f'in {args.out}/results.json, the checkpoints beside them.')


if __name__ == '__main__':
    warnings.filterwarnings('ignore', category=UserWarning)
    run_script(main)
