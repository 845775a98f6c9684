"""Tiny models, generated videos and a runner for all tests."""
import gc
import json
import os
import os.path as osp
import subprocess
import sys
from typing import List, Optional

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn

import ascnet_mm.compat.applied  # noqa: F401

from .helpers.processes import ROOT, run_tool  # noqa: F401
from .helpers.sparing import spare_time

# Shell scripts start the first Python of the path.
os.environ['PATH'] = osp.dirname(sys.executable) + ':' + os.environ['PATH']

torch.set_num_threads(1)
# FFmpeg's scaler has threads that a forked worker has not. It would wait for
# them forever where it collects a frame that an earlier test has left behind.
os.register_at_fork(after_in_child=gc.freeze)


def pytest_collection_finish() -> None:
    spare_time()


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmaction')


@MODELS.register_module()
class TinyEncoder(nn.Module):
    """A convolution with BatchNorm: ``[N, 3, T, H, W] -> [N, 4, ...]``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm3d(4)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


def tiny_model(**options) -> nn.Module:
    """An ASCNet small enough to step in milliseconds."""
    head = dict(in_channels=4, hidden_channels=6, out_channels=5)
    cfg = dict(
        type='ASCNet',
        backbone=dict(type='TinyEncoder'),
        acp_head=dict(type='ACPHead', **head),
        scp_head=dict(type='SCPHead', **head),
        memory_bank=dict(size=7),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', to_float32=False))
    cfg.update(options)
    return MODELS.build(cfg)


def tiny_batch(video_ids: List[int], speeds: List[tuple],
               generator: torch.Generator) -> dict:
    """A batch as the data loader gives it, in double precision."""
    return dict(
        inputs=[
            torch.randn(len(s), 3, 2, 4, 4, dtype=torch.float64,
                        generator=generator) for s in speeds
        ],
        data_samples=[
            ActionDataSample(metainfo=dict(video_id=v, speeds=s))
            for v, s in zip(video_ids, speeds)
        ])


class LossRecorder(Hook):
    """Keeps the losses of every iteration."""

    def __init__(self) -> None:
        self.losses: List[dict] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None) -> None:
        self.losses.append({
            key: float(value.detach())
            for key, value in outputs.items() if 'loss' in key
        })


def train_on(model: nn.Module,
             batches: List[dict],
             work_dir: str,
             hooks: List[dict],
             accumulative_counts: int = 1,
             optimizer: Optional[dict] = None) -> List[dict]:
    """Train one epoch on ready batches through MMEngine's runner."""
    recorder = LossRecorder()
    runner = Runner(
        model=model,
        work_dir=work_dir,
        train_dataloader=torch.utils.data.DataLoader(
            batches, batch_size=None, shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(
            optimizer=optimizer or dict(type='SGD', lr=0.1, momentum=0.9),
            accumulative_counts=accumulative_counts),
        custom_hooks=hooks + [recorder],
        default_scope='mmaction',
        default_hooks=dict(
            checkpoint=None, logger=None, sampler_seed=None),
        experiment_name=f'{osp.basename(work_dir)}-{np.random.rand()}')
    runner.train()
    return recorder.losses


@pytest.fixture(scope='session')
def videos(tmp_path_factory) -> str:
    """A rendered set: six training and two test videos per class."""
    from ascnet_mm.preparation import make_set
    root = str(tmp_path_factory.mktemp('synthetic'))
    make_set(root, train=6, test=2, seed=0)
    return root


@pytest.fixture(scope='session')
def imported(tmp_path_factory) -> dict:
    """What came of importing the package, away from the repository."""
    done = subprocess.run(
        [sys.executable, osp.join(ROOT, 'tests', 'helpers', 'importing.py')],
        cwd=tmp_path_factory.mktemp('elsewhere'), capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# A script that has a folder for some seconds.
OWNER = '''
import sys
import time
from ascnet_mm.lock import hold
hold(sys.argv[1])
print('taken', flush=True)
time.sleep(float(sys.argv[2]))
'''


@pytest.fixture
def owner(tmp_path_factory):
    path = tmp_path_factory.mktemp('script') / 'owner.py'
    path.write_text(OWNER)
    return path
