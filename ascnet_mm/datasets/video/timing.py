"""How fast the frames of a file follow each other."""
from fractions import Fraction
from typing import NamedTuple, Optional, Sequence

import numpy as np

# Seconds; a longer step of the time stamps is a jump of the clock (ours).
LONGEST_PAUSE = 10
# By what share the rate that a file gives may differ from its time stamps:
# those of its frames, and of packets, some of which may hold no picture
# (ours).
CLOSE, ABOUT = Fraction(1, 100), Fraction(1, 5)
# Seconds that frames at a constant rate may be off their time stamps (ours)
LARGEST_DRIFT = 0.1


class Timing(NamedTuple):
    """How fast the frames of a file follow each other.

    Attributes:
        rate (Fraction): Frames per second, on average.
        steady (bool): Whether frames at this rate keep their times, to
            ``LARGEST_DRIFT``.

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
        Timing: Where the gaps between the stamps are alike, their rate,
        or the one that the file gives if frames keep their times at it.
        Otherwise the given rate counts if it agrees with the stamps to a
        fifth, for packets that hold no picture make gaps of their own.

    Examples:
        >>> timing([0, 4, 8, 12], base=Fraction(1, 100), said=Fraction(25))
        Timing(rate=Fraction(25, 1), steady=True)
        >>> timing([0, 1, 8, 12], base=Fraction(1, 100), said=None)
        Timing(rate=Fraction(25, 1), steady=False)
    """
    gaps = _gaps(stamps, base)
    usual = np.median(gaps) if len(gaps) else 1
    alike = bool(((usual / 2 < gaps) & (gaps < usual * 3 / 2)).all())
    if not alike:
        return Timing(_rate(stamps, base, said, ABOUT), steady=False)
    given = _rate(stamps, base, said, CLOSE)
    if _keeps_times(given, gaps, base):
        return Timing(given, steady=True)
    measured = _rate(stamps, base, None, CLOSE)
    return Timing(measured, _keeps_times(measured, gaps, base))


def frame_rate(stamps: Sequence[Optional[int]], base: Fraction,
               said: Optional[Fraction]) -> Fraction:
    """Frames per second of a file, on average.

    Args:
        stamps (Sequence[int | None]): Of its frames.
        base (Fraction): Seconds of a tick.
        said (Fraction, optional): The rate that the file gives, which counts
            if the stamps agree with it to a hundredth, or to one frame.

    Returns:
        Fraction: 25 if nothing tells.
    """
    return _rate(stamps, base, said, CLOSE)


def _rate(stamps: Sequence[Optional[int]], base: Fraction,
          said: Optional[Fraction], tolerance: Fraction) -> Fraction:
    ends = stamps[:1] + stamps[-1:]
    if said and _agree(len(stamps) - 1, ends, base, said, tolerance):
        return said if said < 1 else said.limit_denominator(1001)
    gaps = _gaps(stamps, base)
    rate = said or Fraction(25)
    # Of a jump of the clock, say, both ends tell nothing.
    ends = [0, int(gaps.sum())]
    if len(gaps) and not (said and _agree(len(gaps), ends, base, said,
                                          tolerance)):
        rate = Fraction(len(gaps), int(gaps.sum())) / base
    return max(rate, Fraction(1, LONGEST_PAUSE)).limit_denominator(1001)


def _keeps_times(rate: Fraction, gaps: np.ndarray, base: Fraction) -> bool:
    """Whether frames at a rate are near their time stamps throughout."""
    drift = gaps.cumsum() * float(base) - np.arange(
        1, len(gaps) + 1) / float(rate)
    return bool((abs(drift) <= LARGEST_DRIFT).all())


def _agree(frames: int, ends: Sequence[Optional[int]], base: Fraction,
           said: Fraction, tolerance: Fraction) -> bool:
    """Whether as many frames between two stamps fit a rate."""
    if None in ends or len(ends) < 2 or ends[1] <= ends[0]:
        return False
    expected = (ends[1] - ends[0]) * base * said
    # The end of one frame is not known.
    return abs(frames - expected) < max(expected * tolerance,
                                        min(expected * ABOUT, 1))


def _gaps(stamps: Sequence[Optional[int]], base: Fraction) -> np.ndarray:
    """Ticks from each time of showing to the next, without jumps."""
    ticks = np.array([stamp for stamp in stamps if stamp is not None],
                     np.int64)
    gaps = np.diff(np.unique(ticks))
    return gaps[gaps <= int(LONGEST_PAUSE / base)]
