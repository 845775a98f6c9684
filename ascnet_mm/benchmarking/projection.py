"""The most that a GPU can do, computed: nothing is measured here."""
from typing import Dict, NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from ..figures import write_figures
from ..shipped import config_path

CONFIGS = ('r18_k400', 'r2plus1d_k400', 's3dg_k400')
# Kinetics-400's training videos (about), and the paper's epochs
VIDEOS, EPOCHS = 240_000, 200


class GPU(NamedTuple):
    """What the maker's data sheet says.

    Attributes:
        teraflops (float): bfloat16 on tensor cores, without sparsity, in
            10**12 operations a second.
        gigabytes (int): Memory.
    """
    teraflops: float
    gigabytes: int


GPUS = {
    'L4': GPU(121, 24),
    'RTX 4090': GPU(165, 24),
    'A100 SXM': GPU(312, 80),
    'H100 SXM': GPU(989, 80),
}


def count_flops(config: str) -> Dict[str, float]:
    """Operations of the encoder for a pair of clips.

    A multiplication and an addition are two. Heads, memory bank and
    augmentation are left out.

    Args:
        config (str): A pre-training config of ``configs/ascnet``, without
            ``.py``.

    Returns:
        dict[str, float]: ``forward``, of a clip; ``pair``, of a training
        step: as many passes as the method's ``encoder_passes`` say.

    Examples:
        >>> flops = count_flops('r18_k400')
        >>> round(flops['forward'] / 1e9, 1), round(flops['pair'] / 1e9, 1)
        (16.6, 59.9)
    """
    init_default_scope('mmaction')
    cfg = Config.fromfile(config_path(f'ascnet_mm::ascnet/{config}.py'))
    with torch.device('meta'):
        model = MODELS.build(cfg.model).train()
        clip = torch.zeros(1, 3, cfg.clip_len, *cfg.scale)
    with FlopCounterMode(display=False) as forward:
        features = model.backbone(clip)
    with FlopCounterMode(display=False) as backward:
        features.sum().backward()
    passes = model.encoder_passes
    return dict(
        forward=forward.get_total_flops(),
        pair=(passes['forward'] * forward.get_total_flops() +
              passes['backward'] * backward.get_total_flops()))


def run(out: str) -> None:
    """Count, divide, print and write ``projection.json``.

    Args:
        out (str): Folder of the file.
    """
    flops = {config: count_flops(config) for config in CONFIGS}
    pairs = {
        config: {
            name: gpu.teraflops * 1e12 / counted['pair']
            for name, gpu in GPUS.items()
        }
        for config, counted in flops.items()
    }
    shown = Table('config', 'GFLOP a pair', *GPUS,
                  title='pairs a second, at most')
    for config in CONFIGS:
        shown.add_row(config, f'{flops[config]["pair"] / 1e9:.1f}',
                      *(f'{pairs[config][name]:,.0f}' for name in GPUS))
    Console().print(shown)
    write_figures(
        'projection',
        out,
        settings=dict(videos=VIDEOS, epochs=EPOCHS,
                      gpus={name: gpu._asdict()
                            for name, gpu in GPUS.items()}),
        flops=flops,
        pairs_per_second=pairs)
