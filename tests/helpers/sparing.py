"""What a training of seconds spends most of its time on, done without."""
import ast
import gc
from typing import Tuple

from mmengine.config import config


def spare_time() -> None:
    """Spare a process that has imported everything two of MMEngine's costs.

    Each data set that is built collects the garbage of the whole process,
    which looks at all that was imported; and a run lays out the text of its
    config a dozen times, at each checkpoint among others. Scripts that start
    an interpreter of their own do both.
    """
    gc.freeze()
    config.FormatCode = _only_parsed


def _only_parsed(text: str, **_) -> Tuple[str, bool]:
    """yapf's ``FormatCode`` without the layout: what is no Python raises."""
    ast.parse(text)
    return text, False
