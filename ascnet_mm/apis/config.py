import inspect
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner

from ..errors import InputError

# What MMEngine's runner reads from a config: its arguments and these.
RUNNER_KEYS = {
    *inspect.signature(Runner).parameters, 'sync_bn', 'compile',
    'find_unused_parameters', 'runner_type'
}


class OptionAction(DictAction):
    """MMEngine's ``DictAction`` that keeps the blanks of a path."""

    @staticmethod
    def _parse_iterable(val: str) -> Any:
        if val.startswith(('(', '[', '"', "'")) or ',' in val:
            return DictAction._parse_iterable(val)
        return DictAction._parse_int_float_bool(val)


def apply_options(cfg: Config, options: dict) -> None:
    """Merge ``--cfg-options`` into a config, its variables included.

    A config computes nested values from variables such as ``data_root`` or
    ``clip_len`` when it is read, so the host's ``merge_from_dict`` comes too
    late to change them through the variable. Here an option that names a
    variable also sets every nested key of that name that had its value.

    Args:
        cfg (Config): The config, changed in place.
        options (dict): Dotted keys and their values.

    Raises:
        InputError: If a variable is used under other names only, where it
            cannot be followed.
    """
    for name, value in options.items():
        if name not in cfg or isinstance(cfg[name], dict):
            continue
        places = _replace(cfg._cfg_dict, name, cfg[name], value)
        if places == 1 and name not in RUNNER_KEYS:
            raise InputError(
                f'{name} is a variable of the config that no key of that '
                'name follows: set the places where it is used instead')
    cfg.merge_from_dict(options)


def _replace(node: Any, name: str, old: Any, new: Any) -> int:
    """Set all keys ``name`` of value ``old``; how many there were."""
    count = 0
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name and value == old:
                node[key] = new
                count += 1
            else:
                count += _replace(value, name, old, new)
    elif isinstance(node, (list, tuple)):
        for item in node:
            count += _replace(item, name, old, new)
    return count


def check_data(cfg: Config) -> None:
    """Build all data sets of a config, before a run writes its first file.

    Raises:
        InputError: If a data set cannot be built, or the training set does
            not fill one batch.
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    for phase in ('train', 'val', 'test'):
        loader = cfg.get(f'{phase}_dataloader')
        if not loader or not isinstance(loader.dataset, dict):
            continue
        videos = len(DATASETS.build(loader.dataset))
        batch = loader.get('batch_size', 1)
        if loader.get('drop_last') and videos < batch:
            raise InputError(
                f'the {phase} set has {videos} videos, fewer than one batch '
                f'of {batch}: set batch_size to {videos} or less, or add '
                'videos')
