"""Names of runs, the same for the same work."""
import functools
import hashlib
import json
import os
import os.path as osp
import re
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, List, Mapping, Sequence, Tuple


def digest(*parts: Any) -> str:
    """Eight hexadecimal digits that differ where the parts do."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def sized(folder: str, paths: Sequence[str]) -> List[Tuple[str, int]]:
    """Files by name and size, -1 for one that is not there."""
    files = [osp.join(folder, path) for path in paths]
    return [(path, osp.getsize(file) if osp.exists(file) else -1)
            for path, file in zip(paths, files)]


def content(path: str) -> str:
    """Digits that differ where the contents of two files do."""
    state = os.stat(path)
    return _content(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache
def _content(path: str, *_: int) -> str:
    # Once for all methods and seeds that name a file
    with open(path, 'rb') as file:
        return hashlib.file_digest(
            file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def code_of(cfg: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """Names and contents of the modules that a config imports.

    Of a package, its ``__init__.py`` counts. Ours do not: their changes that
    matter are those of options and of versions.

    Args:
        cfg (Mapping): With ``custom_imports``, if it imports any.
    """
    imports = cfg.get('custom_imports') or {}
    names = imports.get('imports') or []
    found = []
    for name in [names] if isinstance(names, str) else names:
        if name.partition('.')[0] == __name__.partition('.')[0]:
            continue
        # A config may allow that a module is not there.
        with suppress(ModuleNotFoundError):
            module = find_spec(name)
            if module and module.origin and osp.isfile(module.origin):
                found.append((name, content(module.origin)))
    return found


def slug(name: str) -> str:
    """A name as a file may have it.

    Examples:
        >>> slug('SCP alone, random positive')
        'scp_alone_random_positive'
    """
    return re.sub(r'\W+', '_', name).strip('_').lower()
