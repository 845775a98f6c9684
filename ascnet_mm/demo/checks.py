"""What an encoder knows of videos that it was not trained on."""
from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

from ..evaluation.functional import chance_topk, topk_hits
from ..models import ClipDataPreprocessor

CHECKS = {
    'retrieval/top1': 'class retrieval, top-1 %',
    'retrieval/top5': 'class retrieval, top-5 %',
    'same_video/top1': 'same-video retrieval, top-1 %',
    'speed_probe/accuracy': 'speed probe, accuracy %',
}


def raw_pixels(cfg: Config) -> Dict[str, Dict[str, float]]:
    """Class retrieval by thumbnails of the frames, 4 x 8 x 8 pixels.

    Returns:
        dict: ``raw``, what was found, and ``chance``, in percent by the names
        of the checks.
    """
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


def summarize(logs: Dict[int, List[dict]]) -> Dict[int, dict]:
    """Checks before and after training of every seed.

    Args:
        logs (dict[int, list[dict]]): What was logged, by seed.

    Returns:
        dict[int, dict]: ``before``, ``after`` and ``chance`` by seed.
    """
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
    """Print one table: chance, raw pixels, and all seeds before and after.

    Args:
        checks (dict[int, dict]): As :func:`summarize` returns them.
        references (dict, optional): As :func:`raw_pixels` returns them.
        console (Console): Where to.
    """
    table = Table(title='What the encoder knows of videos it was not '
                  'trained on')
    seeds = ' / '.join(map(str, checks))
    table.add_column('check')
    table.add_column('chance', justify='right')
    if references:
        table.add_column('raw pixels', justify='right')
    for name in ('untrained', 'trained'):
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
