"""Runs of several ranks, one of which comes to harm; models for them."""
import os
import os.path as osp
import signal
import subprocess
import time
from typing import Sequence

from mmaction.registry import HOOKS, MODELS
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from ascnet_mm.benchmarking.processes import WithGroupNorms
from ascnet_mm.models import (
    CBT,
    OPN,
    VCP,
    Buechler,
    ClipOrder,
    CoCLR,
    InfoNCE,
    MemDPC,
    SpeedNet,
)

from ..conftest import ROOT
from ..tools.test_cli import TINY

for kind in (CBT, OPN, VCP, Buechler, ClipOrder, CoCLR, InfoNCE, MemDPC,
             SpeedNet):
    name = f'GroupNorm{kind.__name__}'
    MODELS.register_module(module=type(name, (WithGroupNorms, kind), {}))


@HOOKS.register_module()
class FaultHook(Hook):
    """Stops rank 1 before an iteration, the first time that it gets there.

    Args:
        fault (str): ``'kill'``, ``'raise'`` or ``'hang'``; ``'starve'``: no
            more data come, and rank 0 gets SIGTERM a little later.
        iteration (int): Counted from 0 over the run.
        once (str): A file that appears with the fault.
    """

    def __init__(self, fault: str, iteration: int, once: str) -> None:
        self.fault = fault
        self.iteration = iteration
        self.once = once

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if (self.fault, runner.iter, get_rank()) == ('starve', self.iteration,
                                                     0):
            subprocess.Popen(
                ['sh', '-c', f'sleep 3; kill -TERM {os.getpid()}'])
        if (get_rank() != 1 or runner.iter != self.iteration
                or osp.exists(self.once)):
            return
        open(self.once, 'w').close()
        if self.fault == 'kill':
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == 'raise':
            raise RuntimeError('rank 1 is out of sorts')
        if self.fault == 'starve':
            runner.train_dataloader.dataset.prepare_data = _never
            return
        time.sleep(600)


def _never(index: int) -> None:
    time.sleep(600)


def torchrun(folder: str,
             videos: str,
             *args: str,
             launch: Sequence[str] = (osp.join(ROOT, 'tools/dist_train.sh'), ),
             fault: str = '',
             settings: str = '',
             options: Sequence[str] = (),
             **env: str) -> subprocess.CompletedProcess:
    """Pre-train two epochs of seven iterations on two ranks.

    Args:
        folder (str): Work folder; the config is written there.
        videos (str): Folder of the videos; '' if ``settings`` says it.
        *args: Further arguments of ``tools/train.py``.
        launch: What comes before the config. Defaults to
            ``tools/dist_train.sh``, of which 2 is the second argument.
        fault (str): Of rank 1 in the second epoch.
        settings (str): Further lines of the config.
        options: For ``--cfg-options``.
        **env: Variables.
    """
    os.makedirs(folder, exist_ok=True)
    config = osp.join(folder, 'config.py')
    hook = dict(
        type='FaultHook',
        fault=fault,
        iteration=9,
        once=osp.join(folder, 'harmed'))
    with open(config, 'w') as file:
        file.write(f'''
_base_ = {osp.join(ROOT, 'configs/ascnet/r18_folder.py')!r}
custom_imports = dict(
    imports=['ascnet_mm', 'tests.slow.ranks'], allow_failed_imports=False)
custom_hooks = {[hook] if fault else []}
randomness = dict(seed=3)
{settings}
''')
    script = launch[-1].endswith('.sh')
    return subprocess.run([
        *launch, config, *(['2'] if script else []), *args, '--work-dir',
        folder, '--cfg-options', *([f'data_root={videos}'] if videos else []),
        *TINY, 'batch_size=4', *options
    ], cwd=ROOT, capture_output=True, text=True, timeout=300, env={
        **os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': ROOT, **env
    })  # yapf: disable
