"""Errors that users see as one sentence, without a traceback."""
from numbers import Integral
from typing import Any

from .text import printable


class InputError(ValueError):
    """What the user gave (a path, an option, a checkpoint) cannot be used.

    Its message is one sentence: what is wrong, where, and what to do. The
    scripts in ``tools/`` print it without a traceback and exit with 1.

    Examples:
        >>> import ascnet_mm
        >>> try:
        ...     ascnet_mm.load_encoder('x.pth')
        ... except ascnet_mm.InputError as error:
        ...     print(error.sentence.partition(':')[0])
        the checkpoint of the encoder, x.pth, does not exist
    """

    @property
    def sentence(self) -> str:
        """str: The message, without what a worker of a loader wraps it in.

        Names of files are part of it: nothing in them reaches a terminal.
        """
        text = str(self).rsplit('InputError: ', 1)[-1].strip()
        return ''.join(
            char if char.isprintable() else printable(char) for char in text)


class TrainingStopped(RuntimeError):
    """A run was ended because it is lost.

    Its message is one sentence: what was seen, since when, and which
    checkpoint is the last good one. The scripts treat it as an
    :class:`InputError`.

    Examples:
        >>> try:  # doctest: +SKIP
        ...     runner.train()
        ... except TrainingStopped as error:
        ...     print(error)
    """


def require_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is not a count.

    Args:
        name (str): What it is called.
        value: Such as 10.
        least (int): Defaults to 1.

    Raises:
        InputError: If it is no whole number, or less.

    Examples:
        >>> require_whole('top', 2.5)
        Traceback (most recent call last):
            ...
        ascnet_mm.errors.InputError: top is a whole number, 1 or more, not 2.5
    """
    # True is an int, too.
    if (not isinstance(value, Integral) or isinstance(value, bool)
            or value < least):
        raise InputError(
            f'{name} is a whole number, {least} or more, not {value}')
