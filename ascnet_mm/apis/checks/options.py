"""Checks of the options of a run."""
import os
import os.path as osp
from typing import Any, Sequence

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import (
    HOOKS,
    LOOPS,
    METRICS,
    OPTIM_WRAPPERS,
    init_default_scope,
)
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from ...device import computes_in_bfloat16
from ...engine import BFloat16OptimWrapper, SampleSeedHook
from ...engine.hooks.sample_seed import refused_loop
from ...engine.unwrap import refused_wrapper
from ...errors import InputError, require_whole
from ..config import hooks_of, metrics_of, value_at
from ..types import is_a, resolved_type


def check_wrapper(cfg: Config) -> None:
    """Refuse FSDP, DeepSpeed and the like, before a run writes a file.

    Raises:
        InputError: If the config asks for a wrapper or a strategy that
            shares the weights out among the ranks.
    """
    for key in ('model_wrapper_cfg', 'strategy'):
        kind = (cfg.get(key) or {}).get('type', '')
        name = getattr(kind, '__name__', str(kind))
        if any(part in name for part in ('FSDP', 'FullySharded', 'DeepSpeed',
                                         'ColossalAI')):
            raise refused_wrapper(name)


def check_compile(cfg: Config) -> None:
    """Refuse a compiled step where it would be wrong.

    Raises:
        InputError: If the config wants one in bfloat16 on a CPU: what
            :class:`PaddedConv3d` fixes there would be compiled unfixed.
    """
    wrapper = cfg.get('optim_wrapper') or {}
    if (cfg.get('compile') and get_device() == 'cpu'
            and is_a(wrapper, BFloat16OptimWrapper, OPTIM_WRAPPERS)
            and computes_in_bfloat16('cpu')):
        raise InputError(
            f'compile={cfg.compile} does not go with bfloat16 on a CPU: leave '
            'it out, or add optim_wrapper.type=OptimWrapper')


def check_loop(cfg: Config) -> None:
    """Refuse a loop without epochs where clips are drawn by epoch.

    Raises:
        InputError: If the config trains with a :class:`SampleSeedHook` and
            such a loop.
    """
    loop = cfg.get('train_cfg') or {}
    kind = resolved_type(loop, LOOPS) or (
        EpochBasedTrainLoop if loop.get('by_epoch', True) else
        IterBasedTrainLoop)
    if not issubclass(kind, EpochBasedTrainLoop) and any(
            is_a(hook, SampleSeedHook, HOOKS) for hook in hooks_of(cfg)):
        raise refused_loop(kind.__name__)


def check_numbers(cfg: Config, phases: Sequence[str]) -> None:
    """Refuse numbers that no loader or loop can be built with.

    Args:
        cfg (Config): The config.
        phases (Sequence[str]): As for :func:`check_data`.

    Raises:
        InputError: If a batch size, length or interval is no positive
            integer, batches are to be prefetched by no workers, or the work
            folder lies below a file.
    """
    for phase in phases:
        loader = cfg.get(f'{phase}_dataloader') or {}
        name = f'{phase}_dataloader'
        _require_count(f'{name}.batch_size', loader.get('batch_size'), 1)
        _require_count(f'{name}.num_workers', loader.get('num_workers'), 0)
        if not loader.get('num_workers') and loader.get('prefetch_factor'):
            raise InputError(
                f'{name}.prefetch_factor={loader.prefetch_factor} is for '
                f'workers, and {name}.num_workers is '
                f'{loader.get("num_workers", 0)}: leave it out, or set '
                'num_workers')
    if 'train' in phases:
        for name in ('train_cfg.max_epochs', 'train_cfg.max_iters',
                     'train_cfg.val_interval',
                     'optim_wrapper.accumulative_counts',
                     'default_hooks.logger.interval'):
            _require_count(name, value_at(cfg, name), 1)
    folder = osp.abspath(cfg.get('work_dir') or os.curdir)
    while not osp.lexists(folder):
        folder = osp.dirname(folder)
    if not osp.isdir(folder):
        raise InputError(f'the work folder {cfg.work_dir} cannot be made: '
                         f'{folder} is no folder; choose another --work-dir')


def _require_count(name: str, value: Any, least: int) -> None:
    if value is not None:
        require_whole(name, value, least)


def check_best(cfg: Config) -> None:
    """Refuse to keep the best checkpoint by what is not measured.

    Args:
        cfg (Config): The config.

    Raises:
        InputError: If ``save_best`` names no metric of the validation. Most
            metrics tell only when they are computed which figures of their
            kind they give; the checkpoint hook checks those.
    """
    best = value_at(cfg, 'default_hooks.checkpoint.save_best')
    parts = metrics_of(cfg, 'val')
    if not best or not parts:
        return
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    metrics = [METRICS.build(part) for part in parts]
    for name in [best] if isinstance(best, str) else best:
        kind = name.partition('/')[0]
        if name != 'auto' and all(
                metric.prefix not in (kind, None) for metric in metrics):
            kinds = ', '.join(f'{metric.prefix}/...' for metric in metrics)
            raise InputError(
                f'default_hooks.checkpoint.save_best={name}: the validation '
                f'gives no such metric, but {kinds}')
