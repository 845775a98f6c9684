"""What is told to the user in one sentence, without a traceback."""


class InputError(ValueError):
    """What the user gave (a path, an option, a checkpoint) cannot be used.

    Its message is one sentence: what is wrong, where, and what to do. The
    scripts in ``tools/`` print it without a traceback and exit with 1.
    """

    @property
    def sentence(self) -> str:
        """str: The message, without what a worker of a loader wraps it in."""
        return str(self).rsplit('InputError: ', 1)[-1].strip()


class TrainingStopped(RuntimeError):
    """A run was ended because it is lost.

    Its message is one sentence: what was seen, since when, and which
    checkpoint is the last good one. The scripts treat it as an
    :class:`InputError`.
    """
