"""Errors that users see as one sentence, without a traceback."""
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
