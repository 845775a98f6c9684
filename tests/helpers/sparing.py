"""What a training of seconds spends most of its time on, done without."""
import gc
import os.path as osp
import pickle
from types import SimpleNamespace
from typing import Any, Callable, Dict, Tuple

from mmengine.config import Config, config
from mmengine.dataset import base_dataset


def spare_time() -> None:
    """Spare a process that has imported everything three of MMEngine's costs.

    Each data set that is built collects the garbage of the whole process,
    which looks at all that was imported; a run lays out the text of its
    config a dozen times, at each checkpoint among others; and each reading
    of a config writes, reads and parses its bases several times over. Scripts
    that start an interpreter of their own do all of it.
    """
    gc.freeze()
    base_dataset.gc = SimpleNamespace(collect=lambda: None)
    config.FormatCode = _only_parsed
    Config._file2dict = staticmethod(_once(Config._file2dict))


def _only_parsed(text: str, **_) -> Tuple[str, bool]:
    """yapf's ``FormatCode`` without the layout: what is no Python raises."""
    # Not ast.parse: Python 3.11 fails now and then to make its objects where
    # garbage is collected meanwhile (python/cpython#106905).
    compile(text, 'a config', 'exec')
    return text, False


def _once(read: Callable) -> Callable:
    """A reader of configs that remembers those of the same text and bases."""
    known: Dict[Tuple, bytes] = {}
    bases: Dict[str, Any] = {}

    def contents(path: str) -> Tuple:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        if '{{' in text:
            raise _Unknown
        if text not in bases:
            found = Config._get_base_files(path)
            bases[text] = [found] if isinstance(found, str) else found
        return (text, *(contents(osp.join(osp.dirname(path), base))
                        for base in bases[text]))

    def read_once(filename: str, *args, **kwargs) -> Any:
        try:
            key = contents(osp.abspath(filename))
        except (OSError, ValueError, SyntaxError, _Unknown):
            return read(filename, *args, **kwargs)
        key = (key, args, *kwargs.values())
        if key not in known:
            known[key] = pickle.dumps(read(filename, *args, **kwargs))
        return pickle.loads(known[key])

    return read_once


class _Unknown(Exception):
    """A config depends on more than texts, such as where it lies."""
