"""What is said of runs that are made to collapse."""
import logging
import os.path as osp
import re
import tempfile
from typing import Any, Dict, List

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ..errors import TrainingStopped
from ..figures import write_figures

BATCH, VIDEOS, EPOCHS, LR, CHANNELS = 32, 320, 50, 0.1, 2
SEEDS = (0, 1, 2)
# What differs from the healthy run.
CASES: Dict[str, Dict[str, Any]] = {
    'healthy': dict(),
    'no predictor': dict(predictor=False),
    'momentum 0': dict(momentum=0.),
    'learning rate x 1000': dict(lr=1000 * LR),
}


class DriftingClouds(Dataset):
    """Clips of clouds that drift, each video in its colors and its way.

    Args:
        videos (int): How many there are.
    """

    def __init__(self, videos: int) -> None:
        generator = torch.Generator().manual_seed(0)
        coarse = torch.rand(videos, 3, 5, 5, generator=generator)
        self.scenes = F.interpolate(coarse, size=(48, 48), mode='bicubic')
        self.ways = torch.randint(-2, 3, (videos, 2), generator=generator)

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> dict:
        speeds = [(1, 2), (2, 1)][torch.randint(2, ())]
        clips = torch.stack([self._clip(index, speed) for speed in speeds])
        return dict(
            inputs=clips, data_samples=ActionDataSample(
                metainfo=dict(video_id=index, speeds=speeds)))

    def _clip(self, index: int, speed: int) -> Tensor:
        """A clip from anywhere, brighter or darker, ``[3, 4, 16, 16]``."""
        top, left = torch.randint(48, (2, )).tolist()
        frames = []
        for step in range(4):
            y, x = (self.ways[index] * speed * step).tolist()
            frame = self.scenes[index].roll((top + y, left + x), (1, 2))
            frames.append(frame[:, :16, :16])
        bright = 0.6 + 0.8 * torch.rand(3, 1, 1, 1)
        return torch.stack(frames, dim=1) * bright * 4 - 2


def train(work_dir: str, seed: int, predictor: bool = True,
          momentum: float = 0.99, lr: float = LR) -> Dict[str, Any]:
    """Train a tiny ASCNet under a TrainingHealthHook as it is shipped.

    Args:
        work_dir (str): Folder of the log and of a checkpoint per epoch.
        seed (int): Random seed.
        predictor (bool): Whether the heads have theirs. Defaults to True.
        momentum (float): Of the target network. Defaults to 0.99.
        lr (float): Learning rate. Defaults to 0.1.

    Returns:
        dict: ``warnings`` (list[str]), ``stopped`` (the last sentence, or
        None), ``onset``, ``end`` and ``good``: iterations of the onset, the
        end and the last good checkpoint, or None; ``checkpoint``, its file;
        ``lowest_spread``, of both projections, averaged over an epoch.
    """
    init_default_scope('mmaction')
    torch.manual_seed(seed)
    head = dict(
        in_channels=8 * CHANNELS, hidden_channels=128, out_channels=32)
    model = MODELS.build(
        dict(
            type='ASCNet',
            backbone=dict(type='R3D', depth=18, base_channels=CHANNELS),
            acp_head=dict(type='ACPHead', **head),
            scp_head=dict(type='SCPHead', **head),
            memory_bank=dict(size=512),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', to_float32=False)))
    if not predictor:
        model.acp_head.predictor = nn.Identity()
        model.scp_head.predictor = nn.Identity()
    runner = Runner(
        model=model,
        work_dir=work_dir,
        train_dataloader=DataLoader(
            DriftingClouds(VIDEOS), BATCH, shuffle=True,
            collate_fn=pseudo_collate),
        train_cfg=dict(by_epoch=True, max_epochs=EPOCHS),
        optim_wrapper=dict(
            optimizer=dict(
                type='SGD', lr=lr, momentum=0.9, weight_decay=1e-4)),
        custom_hooks=[
            dict(type='MomentumUpdateHook', momentum=momentum,
                 end_momentum=momentum),
            dict(type='MemoryBankHook'),
            dict(type='TrainingHealthHook')
        ],
        default_scope='mmaction',
        default_hooks=dict(
            runtime_info=dict(type='DeferredScalarsHook'),
            checkpoint=dict(type='CheckpointHook', interval=1,
                            max_keep_ckpts=2),
            sampler_seed=None),
        randomness=dict(seed=seed),
        log_level='WARNING',
        experiment_name=osp.basename(work_dir))
    warnings = _Warnings()
    runner.logger.addHandler(warnings)
    stopped = None
    try:
        runner.train()
    except TrainingStopped as error:
        stopped = str(error)

    def number(pattern: str, text: str):
        found = re.search(pattern, text)
        return found and int(found[1])

    checkpoint = re.search(r'checkpoint is (\S+)', stopped or '')
    return dict(
        warnings=warnings.sentences,
        stopped=stopped and stopped.replace(f'{work_dir}/', ''),
        onset=number(r'since iteration (\d+)', stopped or ''),
        end=number(r'at iteration (\d+)', stopped or '') or runner.iter,
        good=number(r'\(iteration (\d+)\)', stopped or ''),
        checkpoint=checkpoint and checkpoint[1].replace(f'{work_dir}/', ''),
        lowest_spread=round(float(feature_stds(runner).min()), 3))


def feature_stds(runner: Runner) -> np.ndarray:
    """The smaller of the two feature stds in each whole epoch of a run."""
    logged = [
        runner.message_hub.get_scalar(f'train/{task}_spread').data[0]
        for task in ('acp', 'scp')
    ]
    length = len(runner.train_dataloader)
    whole = len(logged[0]) // length * length
    return np.stack(logged)[:, :whole].reshape(
        2, -1, length).mean(axis=2).min(axis=0)


class _Warnings(logging.Handler):
    """Keeps what the TrainingHealthHook warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith('iteration '):
            self.sentences.append(record.getMessage())


def run(out: str) -> None:
    """Train all cases, print and write ``reliability_collapse.json``.

    Args:
        out (str): Folder of the file.
    """
    outcomes = {}
    for name, changes in CASES.items():
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                outcome = train(
                    osp.join(folder, f'{name}_{seed}'.replace(' ', '_')),
                    seed, **changes)
            print(f'{name}, seed {seed}', *outcome['warnings'],
                  outcome['stopped'] or 'not stopped', sep='\n  ')
            outcomes.setdefault(name, []).append(outcome)
    write_figures('reliability_collapse', out, settings=dict(
        batch=BATCH, videos=VIDEOS, epochs=EPOCHS, lr=LR, momentum=0.99,
        base_channels=CHANNELS, seeds=SEEDS), outcomes=outcomes)
