"""Configs read with the options of the command line."""
import ast
import os
import os.path as osp
from contextlib import contextmanager
from difflib import get_close_matches
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterator, List, Set, Tuple

from mmengine.config import Config, DictAction

from ..errors import InputError
from ..settings import RUNNER_KEYS
from ..shipped import PREFIX, config_path

# What names a file or a folder, also where the config says None.
PATHS = {
    'ann_file', 'checkpoint', 'data_root', 'load_from', 'pretrained',
    'work_dir'
}


class Options(Dict[str, Any]):
    """Options as they were typed, read as MMEngine reads their values.

    Whether ``2024`` is a number or the name of a folder is for the config to
    say (:func:`read_config`), so the texts are kept.

    Args:
        texts (dict[str, str]): Dotted keys and what was typed for them.

    Attributes:
        texts (dict[str, str]): The same.
        faults (dict[str, str]): What is wrong with those that MMEngine
            cannot read.

    Examples:
        >>> Options({'model.momentum': '0.99', 'scale': '(64,64)'})
        {'model.momentum': 0.99, 'scale': (64, 64)}
    """

    def __init__(self, texts: Dict[str, str]) -> None:
        super().__init__()
        self.texts = texts
        self.faults: Dict[str, str] = {}
        for key, text in texts.items():
            try:
                self[key] = _as_mmengine_reads(text)
            except (AssertionError, ValueError, RecursionError) as error:
                self[key], self.faults[key] = text, str(error)


def _as_mmengine_reads(text: str) -> Any:
    if text.startswith(('(', '[', '"', "'")) or ',' in text:
        return DictAction._parse_iterable(text)
    return DictAction._parse_int_float_bool(text)


def read_config(filename: str, options: Dict[str, Any]) -> Config:
    """Read a config with ``--cfg-options``, its variables included.

    A config computes nested values from variables such as ``data_root``,
    ``clip_len`` or ``scale`` when it is read, so MMEngine's
    ``merge_from_dict`` comes too late to change them through the variable.
    Here, an option that names a variable acts as if the config, or the base
    config that defines it, assigned that value to it and did not modify it
    later (``clip_len *= 2``). An option that names a part of a variable
    (``sample_frames.clip_len``) acts in the same way, one line later.

    Where the config has a string, the option counts as it was typed
    (``data_root=2024``), except for ``None`` and surrounding quotes; where it
    has a tuple, the option becomes one, too (``scale=86,64``).

    Args:
        filename (str): Path of the config, or ``ascnet_mm::`` and the path of
            a config of the package.
        options (dict): Dotted keys and their values; :class:`Options` where
            they were typed.

    Returns:
        Config: The config with all options in it.

    Raises:
        InputError: If an option names nothing that the config or MMEngine
            knows, a part of a list, or a variable that nothing follows, or
            has a value that the config cannot be computed with.

    Examples:
        >>> cfg = read_config('ascnet_mm::ascnet/r18_folder.py', Options(
        ...     {'data_root': 'videos', 'optim_wrapper.optimizer.lr': '0.05'}))
        >>> cfg.train_dataloader.dataset.data_root
        'videos'
    """
    filename = config_path(filename)
    plain = Config.fromfile(filename)
    options = as_meant(options, plain, filename)
    variables: Dict[str, Any] = {}
    parts: Dict[str, Any] = {}
    for name, value in options.items():
        root, dot, _ = name.partition('.')
        if root in RUNNER_KEYS:
            continue
        require_known(name, plain, filename)
        if dot and isinstance(plain[root], (list, tuple)):
            raise InputError(
                f'{name} would change nothing: {root} is a variable of '
                f'{filename}, of which no part can be set; name the place '
                'that it leads to, as in train_dataloader.dataset.pipeline.0')
        if isinstance(plain[root], dict) != bool(dot):
            continue
        if Config._is_lazy_import(filename):
            if dot:
                continue
            raise InputError(
                f'{filename} is in pure Python style, where {name} acts '
                'while it is read: name the places that it leads to, as '
                'in train_dataloader.dataset.data_root')
        if dot:
            parts[name] = value
            continue
        if value != plain[name]:
            _require_followed(plain, filename, name, value)
        # Its base may have another one.
        variables[name] = value
    cfg = _read_with(filename, variables) if variables else plain
    if parts:
        _merge(cfg, parts, filename)
        # They act where the variable does.
        whole = cfg.to_dict()
        for name in parts:
            root = name.partition('.')[0]
            variables[root] = whole[root]
        cfg = _read_with(filename, variables)
    # Config has no setter: it would take the name for one of its keys.
    object.__setattr__(cfg, '_filename', filename)
    _merge(cfg, options, filename)
    return cfg


def require_known(name: str, cfg: Config, source: str) -> None:
    """Refuse an option that nothing would read.

    Args:
        name (str): Its dotted key.
        cfg (Config): What it is for.
        source (str): Where that is from, for messages.

    Raises:
        InputError: If the first part of the key is neither in the config nor
            read by MMEngine's runner.
    """
    root = name.partition('.')[0]
    if root in RUNNER_KEYS or root in cfg:
        return
    near = get_close_matches(root, [*RUNNER_KEYS, *cfg], n=1)
    advice = (f'did you mean {near[0]}?' if near else
              'see the config for its names')
    raise InputError(
        f'{name}: {root} is neither a variable of {source} nor a key that '
        f'MMEngine reads: {advice}')


def _merge(cfg: Config, options: Dict[str, Any], filename: str) -> None:
    try:
        cfg.merge_from_dict(options)
    # MMEngine raises what Python does, for any value in a wrong place.
    except Exception as error:
        raise InputError(
            f'the options {options} do not fit {filename}: {error}'
        ) from error


def as_meant(options: Dict[str, Any], cfg: Config,
             source: str) -> Dict[str, Any]:
    """Options' values, of the kinds that a config has in their places.

    Args:
        options (dict): Dotted keys and their values.
        cfg (Config): What they are for.
        source (str): Where it is from, for messages.

    Raises:
        InputError: If one cannot be of that kind.
    """
    return {
        name: _as_meant(name, value, options, value_at(cfg, name), source)
        for name, value in options.items()
    }


def _as_meant(name: str, value: Any, options: Dict[str, Any], present: Any,
              filename: str) -> Any:
    """An option's value, of the kind that the config has in its place.

    Raises:
        InputError: If it cannot be of that kind.
    """
    text = getattr(options, 'texts', {}).get(name)
    if isinstance(present, str) or (present is None
                                    and name.rpartition('.')[2] in PATHS):
        if text is None or text == 'None':
            return value
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in '"\''
        return text[1:-1] if quoted else text
    fault = getattr(options, 'faults', {}).get(name)
    if fault is not None:
        raise InputError(f'{name}={text} cannot be read ({fault})')
    if isinstance(present, tuple) and value is not None:
        if not isinstance(value, (list, tuple)):
            raise InputError(
                f'{name}={value} does not fit {filename}, which has '
                f'{present} there: give as many values, as in '
                f"{name}='{present}'")
        return tuple(value)
    return value


def value_at(cfg: Config, name: str) -> Any:
    """What a config has at a dotted key; None if it has nothing there."""
    part: Any = cfg
    for key in name.split('.'):
        if isinstance(part, (list, tuple)) and key.isdecimal() and int(
                key) < len(part):
            part = part[int(key)]
        elif isinstance(part, (dict, Config)) and key in part:
            part = part[key]
        else:
            return None
    return part


def hooks_of(cfg: Config) -> List[dict]:
    """The ``default_hooks`` and ``custom_hooks`` of a config."""
    return [*(cfg.get('default_hooks') or {}).values(),
            *(cfg.get('custom_hooks') or [])]


def metrics_of(cfg: Config, phase: str) -> List[dict]:
    """The metrics of a phase, ``'val'`` or ``'test'``.

    MMEngine takes one, a list of them, or an evaluator that has them.
    """
    found = cfg.get(f'{phase}_evaluator') or []
    if isinstance(found, dict):
        found = found.get('metrics', found)
    return [found] if isinstance(found, dict) else list(found)


@contextmanager
def telling_new_options(filename: str, options: Dict[str, Any]
                        ) -> Iterator[None]:
    """Add to errors which options name nothing that a config has.

    Components may take what no config sets, so such options are not refused
    before these are built; what MMEngine then says seldom names the option.

    Args:
        filename (str): As for :func:`read_config`.
        options (dict): Likewise.

    Examples:
        >>> config = 'ascnet_mm::ascnet/r18_folder.py'
        >>> options = {'model.backbone.base_chanels': 4}
        >>> with telling_new_options(config, options):  # doctest: +SKIP
        ...     runner = build_runner(read_config(config, options), ['train'])
        Traceback (most recent call last):
            ...
        AssertionError
        model.backbone.base_chanels: ascnet_mm::ascnet/r18_folder.py has ...
    """
    try:
        yield
    except (AssertionError, AttributeError, KeyError, TypeError) as error:
        plain = Config.fromfile(config_path(filename))
        new = [name for name in options
               if not (name in RUNNER_KEYS or _has(plain, name))]
        if new:
            error.add_note(
                f'{", ".join(new)}: {filename} has nothing of this name; was '
                'it misspelled?')
        raise


def _has(cfg: Config, name: str) -> bool:
    whole, _, key = name.rpartition('.')
    part = value_at(cfg, whole) if whole else cfg
    return value_at(cfg, name) is not None or (
        isinstance(part, (dict, Config)) and key in part)


# Texts of configs, with their bases', and variables known to lead somewhere
_followed: Set[Tuple[str, str]] = set()


def _require_followed(plain: Config, filename: str, name: str,
                      value: Any) -> None:
    """Refuse a variable that leads nowhere, as in a config that was dumped.

    Raises:
        InputError: If setting it changes nothing but itself.
    """
    if (plain.text, name) in _followed:
        return
    changed = _read_with(filename, {name: value})
    if {**changed, name: None} == {**plain, name: None}:
        raise InputError(
            f'{name}={value} would change nothing: no setting of {filename} '
            'is computed from it; set the places where it is meant instead')
    _followed.add((plain.text, name))


def _read_with(filename: str, variables: Dict[str, Any]) -> Config:
    # MMEngine would put other texts in their place, quotes or not.
    if '{{' in repr(variables):
        raise InputError(f'{variables}: no value may contain {{{{')
    with TemporaryDirectory() as folder:
        path = osp.abspath(filename)
        _rewrite(path, variables, folder)
        try:
            return Config.fromfile(folder + path)
        except Exception as error:
            raise InputError(
                f'{filename} cannot be computed with {variables}: {error}'
            ) from error


def _rewrite(path: str, variables: Dict[str, Any], folder: str) -> None:
    """Copy a config and its bases below a folder, with variables set."""
    copy = folder + path
    os.makedirs(osp.dirname(copy), exist_ok=True)
    # {{ fileDirname }} and the like mean the original.
    Config._substitute_predefined_vars(path, copy)
    written = Config._get_base_files(path)
    written = [written] if isinstance(written, str) else list(written)
    bases = [
        config_path(base) if base.startswith(PREFIX) else base
        for base in written
    ]
    near = [base for base in bases if '::' not in base]
    for base in near:
        base = osp.normpath(osp.join(osp.dirname(path), base))
        _rewrite(base, variables, folder)
    if not path.endswith('.py'):
        return
    # The copies of bases that are named by absolute paths
    copies = [
        osp.relpath(base, osp.dirname(path)) if osp.isabs(base) else base
        for base in bases
    ]
    values = dict(variables)
    if copies != written:
        values['_base_'] = copies
    with open(copy, encoding='utf-8') as file:
        tree = ast.parse(file.read(), path)
    if _assign(tree, values):
        with open(copy, 'w', encoding='utf-8') as file:
            file.write(ast.unparse(tree))


def _assign(tree: ast.Module, values: Dict[str, Any]) -> bool:
    """Give variables of a config other values; whether it has any of them."""
    # What an option sets is its last value: nothing is added to it later.
    kept = [
        node for node in tree.body
        if not (isinstance(node, ast.AugAssign) and isinstance(
            node.target, ast.Name) and node.target.id in values)
    ]
    changed = len(kept) < len(tree.body)
    tree.body = kept
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target = node.targets[-1]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and target.id in values:
            node.value = ast.parse(repr(values[target.id]), mode='eval').body
            changed = True
    return changed
