from typing import Any

from mmengine.config import Config


def apply_options(cfg: Config, options: dict) -> None:
    """Merge ``--cfg-options`` into a config, its variables included.

    A config computes nested values from variables such as ``data_root`` or
    ``clip_len`` when it is read, so the host's ``merge_from_dict`` comes too
    late to change them through the variable. Here an option that names a
    variable also sets every nested key of that name that had its value.

    Args:
        cfg (Config): The config, changed in place.
        options (dict): Dotted keys and their values.
    """
    for name, value in options.items():
        if name in cfg and not isinstance(cfg[name], dict):
            _replace(cfg._cfg_dict, name, cfg[name], value)
    cfg.merge_from_dict(options)


def _replace(node: Any, name: str, old: Any, new: Any) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name and value == old:
                node[key] = new
            else:
                _replace(value, name, old, new)
    elif isinstance(node, (list, tuple)):
        for item in node:
            _replace(item, name, old, new)
