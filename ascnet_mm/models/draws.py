"""Random numbers that come from a sample's seed alone."""
import numpy as np

# What is drawn for a sample, each from a generator of its own. New ones are
# appended: a place in this list is part of what a run draws.
PURPOSES = ('color', 'blur', 'difference', 'channel', 'operation', 'dropout')


def sample_generator(seed: int, purpose: str) -> np.random.Generator:
    """The generator of one purpose, for one sample.

    The same in a resumed run and on any number of ranks. Generators of
    different purposes, and those of the data set, are independent.

    Args:
        seed (int): ``sample_seed`` of the sample.
        purpose (str): One of :data:`PURPOSES`.

    Raises:
        ValueError: If it is none of them.

    Examples:
        >>> one, again = (sample_generator(7, 'blur') for _ in range(2))
        >>> one.random() == again.random()
        True
        >>> one.random() == sample_generator(7, 'color').random()
        False
    """
    # From 1 on: (seed, 0) is (seed), which anything may draw from.
    return np.random.default_rng((seed, 1 + PURPOSES.index(purpose)))
