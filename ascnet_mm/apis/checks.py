"""Checks of a config before a run writes its first file."""
import logging
import math
import os
import os.path as osp
from contextlib import contextmanager, suppress
from glob import escape, glob
from typing import Any, Callable, Iterator, List, Optional, Sequence

from mmaction.datasets.transforms import CenterCrop, Resize
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    OPTIM_WRAPPERS,
    TRANSFORMS,
    init_default_scope,
)
from mmengine.runner import find_latest_checkpoint
from torch import nn

from ..compat.checkpoints import SafeCheckpointLoader
from ..datasets import AppendPairedClip, DecodeSmall, VideoList
from ..device import computes_in_bfloat16
from ..engine import BFloat16OptimWrapper, PretrainedEncoderHook
from ..engine.unwrap import refused_wrapper
from ..errors import InputError, require_whole
from ..models.checkpoints import require_same_options
from ..models.selfsup.coclr import CoCLR, require_modality
from ..settings import require_same_schedule
from .config import value_at
from .types import is_a, resolved_type

# Where launchers say which process this is, and how many there are.
RANK = dict(
    pytorch='RANK', mpi='OMPI_COMM_WORLD_RANK', slurm='SLURM_PROCID')
RANKS = dict(
    pytorch='WORLD_SIZE', mpi='OMPI_COMM_WORLD_SIZE', slurm='SLURM_NTASKS')


def set_pretrained(cfg: Config, checkpoint: str) -> None:
    """Name the checkpoint that the encoder's weights come from.

    Raises:
        InputError: If the config asks for none.

    Examples:
        >>> cfg = Config(dict(default_hooks=dict(
        ...     pretrained_encoder=dict(type='PretrainedEncoderHook'))))
        >>> set_pretrained(cfg, 'epoch_200.pth')
        >>> cfg.default_hooks.pretrained_encoder.checkpoint
        'epoch_200.pth'
    """
    hooks = [
        hook for hook in _encoder_hooks(cfg) if hook.get('required', True)
    ]
    if not hooks:
        raise InputError(
            'this config takes no pre-trained encoder: --pretrained is for '
            'those with a PretrainedEncoderHook, as in finetune/ and linear/')
    for hook in hooks:
        hook.checkpoint = checkpoint


def check_pretrained(cfg: Config) -> None:
    """Try the pre-trained encoder, before a run writes its first file.

    Raises:
        InputError: If the config asks for one that is not given or does not
            fit, or starts from another checkpoint as well.

    Examples:
        >>> from ascnet_mm.apis import read_config
        >>> cfg = read_config(
        ...     'ascnet_mm::ascnet/finetune/r18_ucf101.py', {})
        >>> set_pretrained(cfg, 'epoch_200.pth')  # doctest: +SKIP
        >>> check_pretrained(cfg)  # doctest: +SKIP
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    whole = cfg.get('load_from') or (
        cfg.get('resume') and find_latest_checkpoint(cfg.work_dir))
    for hook in _encoder_hooks(cfg):
        if not whole:
            HOOKS.build(hook).load(MODELS.build(cfg.model.backbone))
        elif hook.get('checkpoint') and not cfg.get('resume'):
            raise InputError(
                f'the run starts from {whole}, which holds an encoder '
                'already: leave out --pretrained or load_from')


def check_modalities(cfg: Config) -> None:
    """Refuse CoCLR's checkpoints of RGB and flow where they are exchanged.

    Raises:
        InputError: If one of them was trained on the folder that the config
            names for the other.
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    resumed = cfg.get('resume') and (
        cfg.get('load_from') or find_latest_checkpoint(cfg.work_dir))
    if resumed or not is_a(cfg.model, CoCLR, MODELS):
        return
    for step in value_at(cfg, 'train_dataloader.dataset.pipeline') or []:
        if not is_a(step, AppendPairedClip, TRANSFORMS):
            continue
        folders = step['root'], step['paired_root']
        for option, (videos, other) in (('online_from', folders),
                                        ('positives_from', folders[::-1])):
            if cfg.model.get(option):
                require_modality(option, cfg.model[option], videos, other)


def _encoder_hooks(cfg: Config) -> List[dict]:
    hooks = [
        *(cfg.get('default_hooks') or {}).values(),
        *(cfg.get('custom_hooks') or [])
    ]
    return [
        hook for hook in hooks if is_a(hook, PretrainedEncoderHook, HOOKS)
    ]


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


def check_resume(cfg: Config) -> None:
    """Try the checkpoint to resume from, before a run writes its first file.

    Raises:
        InputError: If it is incomplete, contains more than data, or cannot be
            of this run. The error names the newest other checkpoint in its
            folder from which the run can be resumed.

    Examples:
        >>> from ascnet_mm.apis import read_config
        >>> cfg = read_config('ascnet_mm::ascnet/r18_folder.py', dict(
        ...     data_root='videos', resume=True,
        ...     load_from='epoch_100.pth'))  # doctest: +SKIP
        >>> check_resume(cfg)  # doctest: +SKIP
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    if not cfg.get('resume'):
        return
    path = cfg.get('load_from') or find_latest_checkpoint(cfg.work_dir)
    if not path:
        _require_nothing_to_resume(cfg)
        return
    try:
        checkpoint = _resumable(cfg, path)
    except InputError as error:
        raise InputError(f'cannot resume from {path}: {error}; '
                         f'{_another(cfg, path)}') from error
    # Not a fault of the file: another one would help as little.
    require_same_schedule(checkpoint, cfg)


def _require_nothing_to_resume(cfg: Config) -> None:
    """Refuse to begin anew beside checkpoints, as of a folder that was copied.

    Raises:
        InputError: If the run can be resumed from one of them.
    """
    other = _resumable_beside(cfg, osp.join(cfg.work_dir, 'last_checkpoint'))
    if other:
        raise InputError(
            f'{cfg.work_dir} has checkpoints, but no last_checkpoint that '
            f'names the newest: give --resume {other}')


def _another(cfg: Config, path: str) -> str:
    """What to do where a checkpoint is of no use."""
    other = _resumable_beside(cfg, path)
    if other:
        return (f'the newest complete checkpoint in its folder is {other}: '
                f'give --resume {other}')
    return 'there is no other in its folder: start without --resume'


def _resumable_beside(cfg: Config, path: str) -> Optional[str]:
    """The newest other checkpoint in a folder that the run can go on from."""
    # The folder may have been moved since its last checkpoint was noted.
    folder = osp.dirname(path) if cfg.get('load_from') else cfg.work_dir
    others = sorted(
        glob(osp.join(escape(folder), '*.pth')),
        key=osp.getmtime,
        reverse=True)
    for other in others:
        if osp.abspath(other) == osp.abspath(path):
            continue
        with suppress(InputError):
            require_same_schedule(_resumable(cfg, other), cfg)
            return other
    return None


def _resumable(cfg: Config, path: str) -> dict:
    """A checkpoint that fits the config's model and optimizer.

    Raises:
        InputError: If it is not one.
    """
    try:
        checkpoint = SafeCheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
        missing = _missing_on_resume(cfg, checkpoint)
        if missing:
            raise InputError(
                f'it has no {" and no ".join(missing)}, so no run can go on '
                'from it')
        model = MODELS.build(cfg.model)
        model.load_state_dict(checkpoint['state_dict'])
        require_same_options(checkpoint, model.backbone)
        if 'memory_bank' in checkpoint:
            model.memory_bank.load_state_dict(checkpoint['memory_bank'])
        build_optim_wrapper(model, cfg.optim_wrapper).load_state_dict(
            checkpoint['optimizer'])
    except FileNotFoundError as error:
        raise InputError('there is no such file') from error
    except InputError:
        raise
    # What torch says of weights or optimizers that do not fit.
    except (AttributeError, KeyError, RuntimeError, TypeError,
            ValueError) as error:
        raise InputError(
            'it is of another model or optimizer than the config '
            f'({" ".join(str(error).split())[:200]})') from error
    return checkpoint


def _missing_on_resume(cfg: Config, checkpoint: Any) -> List[str]:
    if not isinstance(checkpoint, dict):
        return ['meta']
    wanted = ['meta', 'state_dict', 'message_hub', 'optimizer']
    if cfg.get('param_scheduler'):
        wanted.append('param_schedulers')
    meta = checkpoint.get('meta') or {}
    return [key for key in wanted if key not in checkpoint
            ] + [key for key in ('epoch', 'iter') if key not in meta]


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
    evaluator = cfg.get('val_evaluator')
    if not best or not evaluator:
        return
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    parts = [evaluator] if isinstance(evaluator, dict) else evaluator
    metrics = [METRICS.build(part) for part in parts]
    for name in [best] if isinstance(best, str) else best:
        kind = name.partition('/')[0]
        if name != 'auto' and all(
                metric.prefix not in (kind, None) for metric in metrics):
            kinds = ', '.join(f'{metric.prefix}/...' for metric in metrics)
            raise InputError(
                f'default_hooks.checkpoint.save_best={name}: the validation '
                f'gives no such metric, but {kinds}')


def check_data(cfg: Config, phases: Sequence[str]) -> None:
    """Build the data sets of a config, before a run writes its first file.

    Args:
        cfg (Config): The config.
        phases (Sequence[str]): Those of ``'train'``, ``'val'`` and
            ``'test'`` that will be run; the first must be in the config.

    Raises:
        InputError: If a data set cannot be built, none of the videos of a
            list is there, a crop is larger than the frames it is cut from,
            the training set does not fill one batch or leaves one video to a
            batch where two are needed, or a label is none of the
            classifier's classes.

    Examples:
        >>> folder = dict(type='VideoFolder', data_root='no', pipeline=[])
        >>> cfg = Config(dict(test_dataloader=dict(dataset=folder)))
        >>> check_data(cfg, ['test'])
        Traceback (most recent call last):
            ...
        ascnet_mm.errors.InputError: there is no folder no
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    if not cfg.get(f'{phases[0]}_dataloader'):
        other = 'test' if phases[0] == 'train' else 'train'
        raise InputError(f'this config is not for tools/{phases[0]}.py but '
                         f'for tools/{other}.py')
    for phase in phases:
        loader = cfg.get(f'{phase}_dataloader')
        if not loader or not isinstance(loader.dataset, dict):
            continue
        with _quiet():
            dataset = DATASETS.build(loader.dataset)
        _check_batches(cfg, phase, len(dataset))
        classes = cfg.model.get('cls_head', {}).get('num_classes')
        for part in getattr(dataset, 'datasets', [dataset]):
            _check_crops(phase, part.pipeline.transforms)
            if isinstance(part, VideoList):
                part.require_files()
                if classes:
                    _check_labels(part, classes)


def _check_crops(phase: str, transforms: Sequence[Callable]) -> None:
    frames = None
    for transform in transforms:
        if isinstance(transform, DecodeSmall):
            _check_crops(phase, transform.transforms.transforms)
        elif isinstance(transform, Resize):
            frames = _size(phase, transform)
        elif isinstance(transform, CenterCrop) and frames is not None:
            crop = transform.crop_size
            if len(frames) == 1:
                # Which edge is the longer one, only the video knows.
                crop, frames = (min(crop), ) * 2, frames * 2
            if crop[0] > frames[0] or crop[1] > frames[1]:
                raise InputError(
                    f'{phase}_dataloader.dataset.pipeline: a CenterCrop of '
                    f'{crop[0]} x {crop[1]} does not fit into frames that '
                    f'Resize makes {frames[0]} x {frames[1]} at the least: '
                    'set crop_size and scale (or short_side) together')


def _size(phase: str, resize: Resize) -> Optional[tuple]:
    """Width and height that frames get, or their shorter edge alone.

    Raises:
        InputError: If the scale is not two numbers, or one for a factor.
    """
    scale = resize.scale
    if isinstance(scale, (int, float)):  # a factor: the video's size decides
        return None
    if len(scale) != 2 or not all(
            isinstance(edge, (int, float)) for edge in scale):
        raise InputError(
            f'{phase}_dataloader.dataset.pipeline: Resize takes a width and '
            f'a height, not scale={scale}')
    return (min(scale), ) if resize.keep_ratio else tuple(scale)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log no warning: the run builds the data sets again, into its log."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_batches(cfg: Config, phase: str, videos: int) -> None:
    loader = cfg[f'{phase}_dataloader']
    batch = loader.get('batch_size', 1)
    ranks = int(os.environ.get(RANKS.get(cfg.get('launcher'), ''), 1))
    # The sampler gives all ranks as many, some videos twice.
    share = math.ceil(videos / ranks)
    needs_two = (
        phase == 'train' and 1 in (batch, share % batch)
        and _needs_two(cfg, ranks))
    if batch == 1 and needs_two:
        raise InputError(
            'BatchNorm in the heads cannot train on a batch of one: set '
            'train_dataloader.batch_size to 2 or more')
    shared = f', {share} for each of {ranks} ranks' if ranks > 1 else ''
    if loader.get('drop_last') and share < batch:
        smaller = '' if share == 1 and needs_two else (
            f'set batch_size to {share} or less, or ')
        fewer = ', or take fewer ranks' if ranks > 1 else ''
        raise InputError(
            f'the {phase} set has {videos} videos{shared}, fewer than one '
            f'batch of {batch}: {smaller}add videos{fewer}')
    sampler = resolved_type(loader.get('sampler'), DATA_SAMPLERS)
    if (needs_two and not loader.get('drop_last') and share % batch == 1
            and sampler is DefaultSampler):
        raise InputError(
            f'the train set has {videos} videos{shared}, so one is left over '
            f'for the last batch of {batch}, and BatchNorm in the heads '
            'cannot train on it: set train_dataloader.drop_last=True, or '
            'another batch_size')


def _needs_two(cfg: Config, ranks: int) -> bool:
    """Whether each rank's batch has to hold two videos."""
    synced = cfg.get('sync_bn') and ranks > 1 and get_device() != 'cpu'
    return not synced and any(
        isinstance(module, nn.BatchNorm1d)
        for module in MODELS.build(cfg.model).modules())


def _check_labels(dataset: VideoList, classes: int) -> None:
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if not 0 <= info['label'] < classes:
            raise InputError(
                f'{dataset.source}: {info["filename"]} has the label '
                f'{info["label"]}, but the classes count from 0 to '
                f'{classes - 1} (-1: the line has none)')
