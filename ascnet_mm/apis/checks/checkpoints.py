"""Checks of the checkpoints that a run starts from."""
import os.path as osp
from contextlib import suppress
from glob import escape, glob
from typing import Any, List, Optional

from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, MODELS, TRANSFORMS, init_default_scope
from mmengine.runner import find_latest_checkpoint

from ...compat.checkpoints import SafeCheckpointLoader
from ...datasets import AppendPairedClip
from ...engine import PretrainedEncoderHook
from ...errors import InputError
from ...models.checkpoints import require_same_options
from ...models.selfsup.coclr import CoCLR, require_modality
from ...settings import require_same_schedule
from ..config import hooks_of, value_at
from ..types import is_a


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
    return [
        hook for hook in hooks_of(cfg)
        if is_a(hook, PretrainedEncoderHook, HOOKS)
    ]


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
