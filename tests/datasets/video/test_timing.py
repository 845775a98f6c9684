"""How fast frames follow each other, told from their time stamps."""
from fractions import Fraction

import numpy as np
import pytest

from ascnet_mm.datasets.video import timing
from ascnet_mm.datasets.video.timing import frame_rate

MS = Fraction(1, 1000)


def stamps(*gaps):
    """In milliseconds, each rounded as Matroska rounds it."""
    return np.cumsum([0, *gaps]).round().astype(int).tolist()


# Gaps, the rate that the file gives, and what is true
CASES = dict(
    as_said=([40] * 300, 25, (25, True)),
    rounded=([1000 / 30] * 300, 30, (30, True)),
    ntsc=([1001 / 30] * 300, Fraction(30000, 1001),
          (Fraction(30000, 1001), True)),
    # Matroska's header is free of the stamps.
    another_rate_said=([40] * 300, 30, (25, True)),
    a_little_off=([1000 / 30] * 300, Fraction(2997, 100), (
        Fraction(2997, 100), True)),
    pulldown=([33, 50] * 100, Fraction(2997, 100), (
        Fraction(200 * 1000, 8300), True)),
    slower_later=([33] * 100 + [40] * 200, 30, (
        Fraction(300 * 1000, 11300), False)),
    jitter=([20, 40, 30, 30] * 50, 33, (Fraction(100, 3), True)),
    # A thousandth, which adds up
    long=([1001 / 30] * 6000, 30, (Fraction(30000, 1001), True)),
    a_long_last_frame=([40] * 5000, Fraction(24876, 1000), (25, True)),
    two_frames=([40], Fraction(1, 2), (25, True)),
    nothing_said=([40] * 9, None, (25, True)),
    # The clock of the file jumps.
    a_jump=([40] * 100 + [60_000] + [40] * 100, 25, (25, True)),
    one_frame=([], 24, (24, True)))


@pytest.mark.parametrize('gaps, said, expected', CASES.values(), ids=CASES)
def test_the_timing_is_that_of_the_stamps(gaps, said, expected):
    said = said and Fraction(said)
    found = timing(stamps(*gaps), MS, said)
    assert abs(found.rate / expected[0] - 1) < 1e-3
    assert found.steady == expected[1]
    assert abs(frame_rate(stamps(*gaps), MS, said) / found.rate - 1) < 0.01


def test_packets_without_a_picture_do_not_count():
    """As of VP8, whose hidden frames come one tick before the next."""
    gaps = ([40] * 15 + [39, 1]) * 12
    assert timing(stamps(*gaps), MS, Fraction(25)) == (25, False)
