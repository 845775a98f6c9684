"""The settings of a run, and what happens to them when it is resumed."""
import inspect
import re
from typing import Any, Iterator, List, Tuple

from mmengine.config import Config
from mmengine.runner import Runner

from .errors import InputError
from .text import printable

# What MMEngine's runner reads from a config: its arguments and these.
RUNNER_KEYS = {
    *inspect.signature(Runner).parameters, 'sync_bn', 'compile',
    'find_unused_parameters', 'runner_type', 'model_wrapper_cfg',
    'activation_checkpointing', 'efficient_conv_bn_eval'
}

# Settings that the state in a checkpoint brings along. All others are those
# of the config that a run goes on with.
OF_THE_CHECKPOINT = re.compile(
    r'optim_wrapper\.(optimizer|paramwise_cfg|constructor)\b'
    r'|param_scheduler\b'
    r'|auto_scale_lr\b'  # the optimizer's learning rate is a scaled one
    r'|randomness\.seed$'
    r'|train_dataloader\.sampler\.seed$'
    # PretrainedEncoderHook's
    r'|(custom_hooks\.\d+|default_hooks\.pretrained_encoder)\.checkpoint$'
    r'|model\.(.*\.)?(init_cfg|pretrained)\b'
    r'|model\.(online_from|positives_from)$')  # CoCLR's

ABSENT = 'not set'


def settings_of(cfg: Config) -> dict:
    """What MMEngine reads of a config, as plain data.

    Args:
        cfg (Config): Any config.

    Returns:
        dict: Dictionaries, lists, tuples, numbers and strings, which
        :func:`torch.load` reads with ``weights_only=True``; classes and
        functions are named.
    """
    return {
        key: _plain(value)
        for key, value in cfg.to_dict().items() if key in RUNNER_KEYS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(_plain(part) for part in value)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if inspect.isclass(value) or inspect.isroutine(value):
        return f'{value.__module__}.{value.__qualname__}'
    return str(value)


def require_same_schedule(checkpoint: dict, cfg: Config) -> None:
    """Refuse to resume with another length, optimizer or kind of schedule.

    The learning rate goes on from the checkpoint's state, which is made for
    one length of training, and the momentum of the target network follows
    the config's: they would belong to two different runs.

    Args:
        checkpoint (dict): What is to be resumed from.
        cfg (Config): The config to go on with.

    Raises:
        InputError: If one of them differs; checkpoints without ``settings``
            tell the length alone.
    """
    info = checkpoint['message_hub'].get('runtime_info', {})
    train_cfg = cfg.get('train_cfg') or {}
    pairs = [(f'train_cfg.{name}', info[name], train_cfg[name])
             for name in ('max_epochs', 'max_iters')
             if name in info and train_cfg.get(name) is not None]
    old, new = checkpoint['meta'].get('settings'), settings_of(cfg)
    if isinstance(old, dict):
        pairs += [('optim_wrapper.optimizer.type', _optimizer(old),
                   _optimizer(new)),
                  ('the types of param_scheduler', _schedulers(old),
                   _schedulers(new))]
    for key, there, here in pairs:
        if there != here:
            raise InputError(
                f'{key}: {_text(there)} in the checkpoint to resume from, '
                f'{_text(here)} here, and its learning rate follows a '
                'schedule that is made for the former: set it back, or begin '
                'a new run with its weights, without --resume and with '
                'load_from=CHECKPOINT')


def _optimizer(settings: dict) -> str:
    wrapper = settings.get('optim_wrapper') or {}
    return _last_name((wrapper.get('optimizer') or {}).get('type'))


def _schedulers(settings: dict) -> List[str]:
    parts = settings.get('param_scheduler') or []
    parts = [parts] if isinstance(parts, dict) else parts
    return [_last_name(part.get('type')) for part in parts]


def _last_name(kind: Any) -> str:
    """Of a class, without scope or module."""
    return str(kind).rpartition('.')[2]


def describe_differences(checkpoint: dict, cfg: Config) -> List[str]:
    """What a checkpoint's run was set to otherwise, and which of both counts.

    Args:
        checkpoint (dict): What is resumed from.
        cfg (Config): The config to go on with.

    Returns:
        list[str]: A line for each setting that differs, or the one that
        the checkpoint does not tell.
    """
    old = checkpoint['meta'].get('settings')
    if not isinstance(old, dict):
        return ['it has none, so that no difference can be listed: options '
                "of the optimizer, schedules and seed are the checkpoint's, "
                "all else is the config's"]
    return [
        f'{key}: {_text(there)} in the checkpoint, {_text(here)} here; the '
        f"{'checkpoint' if OF_THE_CHECKPOINT.match(key) else 'config'}'s "
        'counts' for key, there, here in _differences(
            _comparable(old), _comparable(settings_of(cfg)))
    ]


def _comparable(settings: dict) -> dict:
    """Without what is meant to differ, and one scheduler as a list of one."""
    settings = {
        key: value
        for key, value in settings.items()
        if key not in ('resume', 'load_from')
    }
    if isinstance(settings.get('param_scheduler'), dict):
        settings['param_scheduler'] = [settings['param_scheduler']]
    return settings


def _differences(there: Any,
                 here: Any,
                 key: str = '') -> Iterator[Tuple[str, Any, Any]]:
    if isinstance(there, dict) and isinstance(here, dict):
        parts = [(name, there.get(name, ABSENT), here.get(name, ABSENT))
                 for name in {**there, **here}]
    elif (isinstance(there, (list, tuple)) and isinstance(here, (list, tuple))
          and len(there) == len(here)):
        parts = zip(range(len(there)), there, here)
    # The second for what is no number, which differs from itself.
    elif there == here or repr(there) == repr(here) or (
            key.endswith('.type') and _last_name(there) == _last_name(here)):
        return
    else:
        yield key, there, here
        return
    for name, *pair in parts:
        yield from _differences(*pair, f'{key}.{name}' if key else str(name))


def _text(value: Any, longest: int = 100) -> str:
    if value is ABSENT:
        return ABSENT
    text = printable(repr(value))
    return text if len(text) <= longest else f'{text[:longest]}...'
