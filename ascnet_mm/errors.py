"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """What the user gave (a path, an option, a checkpoint) cannot be used.

    Its message is one sentence: what is wrong, where, and what to do. The
    scripts in ``tools/`` print it without a traceback and exit with 1.
    """

    @property
    def sentence(self) -> str:
        """str: The message, without what a worker of a loader wraps it in."""
        return str(self).rsplit('InputError: ', 1)[-1].strip()
