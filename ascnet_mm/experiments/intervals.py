"""What seeds and the number of videos leave open."""
from statistics import mean, stdev
from typing import List, Optional, Sequence, Tuple

from scipy import stats

from .results import Figures, values


def standard_error(percent: float, queries: int) -> float:
    """Of a share of independent queries, in points: sqrt(p (1 - p) / n)."""
    share = percent / 100
    return 100 * (share * (1 - share) / queries)**0.5


def interval(found: Sequence[float]) -> Tuple[float, float]:
    """The 95 % confidence interval of a mean, from values that differ."""
    return stats.t.interval(
        0.95, len(found) - 1, mean(found), stats.sem(found))


def difference(first: Sequence[float],
               second: Sequence[float]) -> Tuple[float, float]:
    """The difference of two means, second minus first, and its 95 % interval.

    Args:
        first (list[float]): Two or more values.
        second (list[float]): Two or more, of the same variance.

    Returns:
        tuple[float, float]: The difference, and half the width of its
        interval (Student's t for two samples).
    """
    # Not scipy's ttest_ind, which gives NaN where all values are equal.
    freedom = len(first) + len(second) - 2
    variance = sum((len(part) - 1) * stdev(part)**2
                   for part in (first, second)) / freedom
    error = (variance * (1 / len(first) + 1 / len(second)))**0.5
    return (mean(second) - mean(first),
            stats.t.ppf(0.975, freedom) * error)


def told_apart(found: Figures, key: str,
               reference: int) -> Optional[Tuple[List[str], List[str]]]:
    """Methods whose interval does not overlap that of one among them.

    A method whose values are all equal, which few queries make likely, has no
    interval: their variance is unknown.

    Args:
        found (dict): An experiment.
        key (str): Of a measure.
        reference (int): The number of the one.

    Returns:
        tuple[list[str], list[str]], optional: Those above it and those below
        it; None if it, or all others, have no interval.
    """
    intervals = {
        method['name']: interval(values(method, key))
        for method in found['methods'] if len(set(values(method, key))) > 1
    }
    name = found['methods'][reference]['name']
    if name not in intervals or len(intervals) < 2:
        return None
    low, high = intervals[name]
    return ([other for other, span in intervals.items() if span[0] > high],
            [other for other, span in intervals.items() if span[1] < low])
