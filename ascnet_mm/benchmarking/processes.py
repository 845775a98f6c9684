"""How far several processes end from one with the same global batch."""
import math
import os
import os.path as osp
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, List, Sequence

import torch
from mmaction.registry import HOOKS, MODELS
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS
from mmengine.runner import Runner
from torch import Tensor, nn

from ..apis import read_config
from ..engine.unwrap import unwrap
from ..errors import InputError
from ..figures import write_figures
from ..models import ASCNet
from ..shipped import config_path

LAUNCHER = osp.join(
    osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))), 'tools',
    'dist_train.sh')
# The scripts start the first Python of the path.
PATH = f'{osp.dirname(sys.executable)}:{os.environ["PATH"]}'
GLOBAL_BATCH = 8
# 51 videos are dealt as 52 to 2 and to 4 ranks; the last batch is one of 4.
VIDEOS = 51
LOGGED = [
    'train/loss', 'train/loss_acp', 'train/loss_scp', 'train/scp_target_share'
]
# Of four speeds the first batches leave banks empty: the ranks find targets
# for different numbers of samples.
CONFIG = f'''
_base_ = {config_path('ascnet_mm::ascnet/r18_folder.py')!r}
custom_imports = dict(
    imports=['ascnet_mm', 'ascnet_mm.benchmarking.processes'],
    allow_failed_imports=False)
head = dict(in_channels=16, hidden_channels=8, out_channels=8)
model = dict(
    type='GroupNormASCNet', backbone=dict(base_channels=2), acp_head=head,
    scp_head=head, memory_bank=dict(size=40))
optim_wrapper = dict(type='OptimWrapper', accumulative_counts=2)
train_cfg = dict(max_epochs=2, val_interval=1)
train_dataloader = dict(
    num_workers=0, persistent_workers=False, drop_last=False,
    dataset=dict(indices={VIDEOS}))
val_dataloader = dict(num_workers=0, persistent_workers=False)
custom_hooks = [dict(type='RankRecorder')]
randomness = dict(seed=3)
log_level = 'WARNING'
'''


class WithGroupNorms:
    """A mixin for recognizers: no batch statistics, any precision.

    Args:
        dtype (str): ``'float32'`` or ``'float64'``.
        **kwargs: Those of the recognizer.
    """

    def __init__(self, dtype: str = 'float64', **kwargs) -> None:
        super().__init__(**kwargs)
        _group_norms(self)
        self.to(getattr(torch, dtype))

    def encode(self, clips: Tensor, backbone: nn.Module) -> Tensor:
        """Pooled features of clips, in the model's precision."""
        return super().encode(clips.to(next(self.parameters())), backbone)

    def encode_map(self, clips: Tensor) -> Tensor:
        """What the encoder gives of clips, in the model's precision."""
        return super().encode_map(clips.to(next(self.parameters())))


@MODELS.register_module()
class GroupNormASCNet(WithGroupNorms, ASCNet):
    """An ASCNet without batch statistics, in a precision of one's choice."""


def _group_norms(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.modules.batchnorm._BatchNorm):
            norm = nn.GroupNorm(1, child.num_features)
            # The target's are not trained.
            setattr(module, name,
                    norm.requires_grad_(child.weight.requires_grad))
        _group_norms(child)


@DATA_SAMPLERS.register_module()
class RoundedUpSampler(DefaultSampler):
    """What several ranks are dealt together, in one process.

    Args:
        ranks (int): How many: MMEngine repeats the first videos of an
            epoch's order until they divide by it.
        **kwargs: Those of MMEngine's ``DefaultSampler``.
    """

    def __init__(self, ranks: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_samples = self.total_size = ranks * math.ceil(
            len(self.dataset) / ranks)


@HOOKS.register_module()
class RankRecorder(Hook):
    """Writes what a rank has at the end of a run to ``RANK.pth``."""

    def after_train(self, runner: Runner) -> None:
        """Write what was logged, the weights and the banks."""
        model = unwrap(runner)
        logged = {
            name: torch.tensor(buffer.data[0], dtype=torch.float64)
            for name, buffer in runner.message_hub.log_scalars.items()
        }
        torch.save(
            dict(
                losses={k: logged[k] for k in LOGGED},
                gauges={k: v for k, v in logged.items()
                        if k.startswith(('val/same', 'val/speed'))},
                weights=model.state_dict(),
                banks={
                    f'{name}_{speed}x': torch.as_tensor(value)
                    for speed, ring in
                    model.memory_bank.state_dict()['rings'].items()
                    for name, value in ring.items()
                }), osp.join(runner.work_dir, f'{get_rank()}.pth'))


def by_torchrun(ranks: int, arguments: Sequence[str]) -> None:
    """Train in several processes by ``tools/dist_train.sh``.

    Args:
        ranks (int): How many.
        arguments (Sequence[str]): Those of ``tools/train.py``.

    Raises:
        InputError: If the run fails, when the sentence ends with what it
            printed, or this is no checkout.
    """
    config, *others = arguments
    done = subprocess.run(
        [_launcher(), config, str(ranks), *others],
        env=dict(os.environ, PATH=PATH),
        capture_output=True,
        text=True)
    if done.returncode:
        raise InputError(f'{ranks} ranks failed: {done.stderr}')


def train(videos: str,
          ranks: int,
          dtype: str = 'float64',
          launch: Callable[[int, Sequence[str]], None] = by_torchrun
          ) -> List[dict]:
    """Train two epochs in several processes, or as one.

    Args:
        videos (str): Folder of 57 videos or more.
        ranks (int): How many. 1: this process, dealt what 2 and 4 ranks are
            dealt together.
        dtype (str): Of the model. Defaults to ``'float64'``.
        launch (Callable): Starts several and waits for their end. Defaults
            to :func:`by_torchrun`.

    Returns:
        list[dict]: What :class:`RankRecorder` wrote, of each rank.

    Raises:
        InputError: If there are too few videos, or several ranks fail.
    """
    with TemporaryDirectory() as folder:
        path = osp.join(folder, f'ranks_{ranks}_{dtype}.py')
        with open(path, 'w') as file:
            file.write(CONFIG)
        options: Dict[str, Any] = {
            'data_root': videos, 'clip_len': 4, 'scale': (24, 24),
            'speeds': (1, 2, 3, 4),
            'batch_size': GLOBAL_BATCH // ranks, 'model.dtype': dtype,
            'work_dir': folder
        }  # yapf: disable
        if ranks == 1:
            options['train_dataloader.sampler.type'] = 'RoundedUpSampler'
            options['train_dataloader.sampler.ranks'] = 4
            runner = Runner.from_cfg(read_config(path, options))
            runner.train()
            if len(runner.train_dataloader.dataset) < VIDEOS:
                raise InputError(f'{videos} has too few videos: ranks would '
                                 'be dealt others than one process')
        else:
            launch(ranks, [
                path, '--cfg-options', *(f'{key}={value}'.replace(' ', '')
                                         for key, value in options.items())
            ])
        return [
            torch.load(osp.join(folder, f'{rank}.pth'))
            for rank in range(ranks)
        ]


def _launcher() -> str:
    if not osp.isfile(LAUNCHER):
        raise InputError(
            'several ranks are started by tools/dist_train.sh, and there is '
            f'no {LAUNCHER}: run this in a checkout of the repository')
    return LAUNCHER


def differences(one: dict, other: dict) -> Dict[str, float]:
    """The largest absolute difference in each part of two records."""
    return {
        part: max((value.double() - other[part][name].double()).abs().max()
                  .item() for name, value in values.items())
        for part, values in one.items()
    }


def identical(records: List[dict], part: str) -> bool:
    """Whether a part is the same on all ranks, bit for bit."""
    return all(
        torch.equal(value, record[part][name]) for record in records
        for name, value in records[0][part].items())


def run(videos: str, out: str) -> None:
    """Train with 1, 2 and 4 ranks; write ``reliability_processes.json``.

    Args:
        videos (str): Folder of 57 videos or more.
        out (str): Folder of the JSON file.

    Raises:
        InputError: If a run fails, or this is no checkout.
    """
    _launcher()
    rows = []
    for dtype in ('float64', 'float32'):
        reference, = train(videos, 1, dtype)
        for ranks in (2, 4):
            records = train(videos, ranks, dtype)
            rows.append(
                dict(
                    ranks=ranks,
                    dtype=dtype,
                    largest_difference=differences(reference, records[0]),
                    banks_identical=identical(records, 'banks'),
                    weights_identical=identical(records, 'weights')))
            print(rows[-1])
    write_figures(
        'reliability_processes',
        out,
        settings=dict(
            global_batch=GLOBAL_BATCH,
            videos=VIDEOS,
            epochs=2,
            accumulative_counts=2,
            iterations=len(reference['losses']['train/loss'])),
        rows=rows)
