import os.path as osp
from glob import escape, glob
from typing import Any, List, Optional, Sequence

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, HOOKS, MODELS, init_default_scope
from mmengine.runner import find_latest_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from ..datasets import VideoList
from ..device import computes_in_bfloat16
from ..engine.hooks.unwrap import refused_wrapper
from ..errors import InputError
from ..models.pretrained import require_same_options


def set_pretrained(cfg: Config, checkpoint: str) -> None:
    """Name the checkpoint that the encoder's weights come from.

    Raises:
        InputError: If the config asks for none.
    """
    hooks = _encoder_hooks(cfg)
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
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    whole = cfg.get('load_from') or (
        cfg.get('resume') and find_latest_checkpoint(cfg.work_dir))
    for hook in _encoder_hooks(cfg):
        if not whole:
            HOOKS.build(hook).check(MODELS.build(cfg.model.backbone))
        elif hook.checkpoint and not cfg.get('resume'):
            raise InputError(
                f'the run starts from {whole}, which holds an encoder '
                'already: leave out --pretrained or load_from')


def _encoder_hooks(cfg: Config) -> List[dict]:
    return [
        hook for hook in cfg.get('custom_hooks') or []
        if hook['type'] == 'PretrainedEncoderHook'
    ]


def check_compile(cfg: Config) -> None:
    """Refuse a compiled step where it cannot be had.

    Raises:
        InputError: If the config wants one in bfloat16 on a CPU: what
            :class:`PaddedConv3d` mends there would be compiled as it is.
    """
    wrapper = cfg.get('optim_wrapper') or {}
    if (cfg.get('compile') and get_device() == 'cpu'
            and wrapper.get('type') == 'BFloat16OptimWrapper'
            and computes_in_bfloat16('cpu')):
        raise InputError(
            f'compile={cfg.compile} does not go with bfloat16 on a CPU: leave '
            'it out, or add optim_wrapper.type=OptimWrapper')


def check_resume(cfg: Config) -> None:
    """Try the checkpoint to resume from, before a run writes its first file.

    Raises:
        InputError: If it is torn, holds more than data, or cannot be of this
            run. The newest other one in its folder from which the run can
            be resumed is named.
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    path = cfg.get('resume') and (
        cfg.get('load_from') or find_latest_checkpoint(cfg.work_dir))
    fault = path and _fault_on_resume(cfg, path)
    if not fault:
        return
    # The folder may have been moved since its last checkpoint was noted.
    folder = osp.dirname(path) if cfg.get('load_from') else cfg.work_dir
    others = sorted(
        glob(osp.join(escape(folder), '*.pth')),
        key=osp.getmtime,
        reverse=True)
    for other in others:
        same = osp.abspath(other) == osp.abspath(path)
        if not same and _fault_on_resume(cfg, other) is None:
            raise InputError(
                f'cannot resume from {path}: {fault}; the last whole one '
                f'beside it is {other}: give --resume {other}')
    raise InputError(f'cannot resume from {path}: {fault}; there is no other '
                     'beside it: start without --resume')


def _fault_on_resume(cfg: Config, path: str) -> Optional[str]:
    """What keeps a run from being resumed from a file, if anything does."""
    try:
        checkpoint = CheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
        missing = _missing_on_resume(cfg, checkpoint)
        if missing:
            return (f'it has no {" and no ".join(missing)}, so no run can go '
                    'on from it')
        model = MODELS.build(cfg.model)
        require_same_options(checkpoint, model.backbone)
        model.load_state_dict(checkpoint['state_dict'])
        if 'memory_bank' in checkpoint:
            model.memory_bank.load_state_dict(checkpoint['memory_bank'])
        build_optim_wrapper(model, cfg.optim_wrapper).load_state_dict(
            checkpoint['optimizer'])
    except FileNotFoundError:
        return 'there is no such file'
    except InputError as error:
        return str(error)
    # What torch says of weights or optimisers that do not fit.
    except (AttributeError, KeyError, RuntimeError, TypeError,
            ValueError) as error:
        return ('it is of another model or optimiser than the config '
                f'({" ".join(str(error).split())[:200]})')
    return None


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
        name = str((cfg.get(key) or {}).get('type', ''))
        if any(part in name for part in ('FSDP', 'FullySharded', 'DeepSpeed',
                                         'ColossalAI')):
            raise refused_wrapper(name)


def check_data(cfg: Config, phases: Sequence[str]) -> None:
    """Build the data sets of a config, before a run writes its first file.

    Args:
        cfg (Config): The config.
        phases (Sequence[str]): Those of ``'train'``, ``'val'`` and
            ``'test'`` that will be run; the first must be in the config.

    Raises:
        InputError: If a data set cannot be built, the training set does not
            fill one batch, or a label is none of the classifier's classes.
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
        dataset = DATASETS.build(loader.dataset)
        videos, batch = len(dataset), loader.get('batch_size', 1)
        if loader.get('drop_last') and videos < batch:
            raise InputError(
                f'the {phase} set has {videos} videos, fewer than one batch '
                f'of {batch}: set batch_size to {videos} or less, or add '
                'videos')
        classes = cfg.model.get('cls_head', {}).get('num_classes')
        if classes and isinstance(dataset, VideoList):
            _check_labels(dataset, classes)


def _check_labels(dataset: VideoList, classes: int) -> None:
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if not 0 <= info['label'] < classes:
            raise InputError(
                f'{dataset.source}: {info["filename"]} has the label '
                f'{info["label"]}, but the classes count from 0 to '
                f'{classes - 1} (-1: the line has none)')
