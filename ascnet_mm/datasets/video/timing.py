"""How fast the frames of a file follow each other."""
from fractions import Fraction
from typing import NamedTuple, Optional, Sequence

import numpy as np

# Seconds; a longer step of the time stamps is a jump of the clock (ours).
LONGEST_PAUSE = 10


class Timing(NamedTuple):
    """How fast the frames of a file follow each other.

    Attributes:
        rate (Fraction): Frames per second, on average.
        steady (bool): Whether all are shown equally long.

    Examples:
        >>> Timing(rate=Fraction(30000, 1001), steady=True).rate
        Fraction(30000, 1001)
    """
    rate: Fraction
    steady: bool


def timing(stamps: Sequence[Optional[int]], base: Fraction,
           said: Optional[Fraction]) -> Timing:
    """Tell the timing of a file from its time stamps.

    Args:
        stamps (Sequence[int | None]): Of its frames or packets.
        base (Fraction): Seconds of a tick.
        said (Fraction, optional): The rate that the file gives.

    Returns:
        Timing: With the rate of :func:`frame_rate`.

    Examples:
        >>> timing([0, 4, 8, 12], base=Fraction(1, 100), said=Fraction(25))
        Timing(rate=Fraction(25, 1), steady=True)
        >>> timing([0, 1, 8, 12], base=Fraction(1, 100), said=None)
        Timing(rate=Fraction(25, 1), steady=False)
    """
    gaps = _gaps(stamps, base)
    usual = np.median(gaps) if len(gaps) else 1
    steady = bool(((usual / 2 < gaps) & (gaps < usual * 3 / 2)).all())
    return Timing(frame_rate(stamps, base, said), steady)


def frame_rate(stamps: Sequence[Optional[int]], base: Fraction,
               said: Optional[Fraction]) -> Fraction:
    """Frames per second of a file, on average.

    Args:
        stamps (Sequence[int | None]): Of its frames or packets.
        base (Fraction): Seconds of a tick.
        said (Fraction, optional): The rate that the file gives, which counts
            if the stamps agree with it.

    Returns:
        Fraction: 25 if nothing tells.
    """
    if said and _agree(len(stamps) - 1, stamps[:1] + stamps[-1:], base, said):
        return said if said < 1 else said.limit_denominator(1001)
    gaps = _gaps(stamps, base)
    rate = said or Fraction(25)
    # Of a jump of the clock, say, both ends tell nothing.
    if len(gaps) and not (said and _agree(len(gaps), [0, int(gaps.sum())],
                                          base, said)):
        rate = Fraction(len(gaps), int(gaps.sum())) / base
    return max(rate, Fraction(1, LONGEST_PAUSE)).limit_denominator(1001)


def _agree(frames: int, ends: Sequence[Optional[int]], base: Fraction,
           said: Fraction) -> bool:
    """Whether as many frames between two stamps fit a rate.

    To a fifth: packets that hold no picture count, too.
    """
    if None in ends or len(ends) < 2 or ends[1] <= ends[0]:
        return False
    return abs(frames / float((ends[1] - ends[0]) * base) - said) < said / 5


def _gaps(stamps: Sequence[Optional[int]], base: Fraction) -> np.ndarray:
    """Ticks from each time of showing to the next, without jumps."""
    ticks = np.array([stamp for stamp in stamps if stamp is not None],
                     np.int64)
    gaps = np.diff(np.unique(ticks))
    return gaps[gaps <= int(LONGEST_PAUSE / base)]
