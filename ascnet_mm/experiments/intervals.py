"""Uncertainty from seeds and from the choice of videos.

Where the outcome of each video is known, an interval covers seeds and videos.
Its variances are those of a bootstrap that draws seeds one by one and videos
by groups, since those of one recording are alike, in resamples one smaller
than what they are drawn from: so they are unbiased (Rao and Wu, 1988), which
matters for three seeds. They are not drawn, but computed from the influence of
each group, to which they are equal to first order; with the correction for
groups of different sizes of Bell and McCaffrey (2002).

The variances from seeds and from videos are added. Both contain what a seed
does to single videos, so the variance of that, which is the variance of the
residuals of an analysis of variance, is subtracted once; but never so much
that less is left than the variance from seeds alone or from videos alone.
Student's t has the degrees of freedom of such a sum (Satterthwaite, 1946).
Percentiles of resamples would be too narrow with few seeds.
"""
from statistics import mean, stdev
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy import stats

from .outcomes import unpack
from .results import Figures, values
from .source import averaged

MACRO = '_macro'
# A variance in points squared that is due to rounding
NEGLIGIBLE = 1e-12


class Interval(NamedTuple):
    """A figure in percent with its 95 % confidence interval.

    Attributes:
        value (float): The figure, or a difference of two.
        low (float): Lower end.
        high (float): Upper end.
    """
    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """bool: Whether 0 is inside."""
        return self.low <= 0 <= self.high


class Judged(NamedTuple):
    """A measure of a method, by seed and group of videos.

    It is an average of parts, each of which is a mean over videos: a figure,
    or what a macro figure says of one class.

    Attributes:
        sums (ndarray): float64 ``[S, P, G]``: sum of the outcomes of the
            videos of a group, for each seed and part.
        counts (ndarray): int64 ``[P, G]``: how many videos these are.
        weights (ndarray): float64 ``[P]``, of the parts; they sum to 1.
    """
    sums: np.ndarray
    counts: np.ndarray
    weights: np.ndarray


def judged(found: Figures, method: Figures, key: str) -> Optional[Judged]:
    """What is known of the videos, for a measure of a method.

    Args:
        found (dict): An experiment.
        method (dict): One of its methods.
        key (str): Of the measure, ``'A'`` or ``'A + B + ...'``.

    Returns:
        Judged, optional: Of all seeds that have the measure; None if there is
        no such seed, or one of a figure has no outcomes.
    """
    figures = averaged(key)
    runs = [run for run in method['runs']
            if run['figures'].keys() >= set(figures)]
    # A macro figure is the mean over classes of the other one's.
    names = [figure.removesuffix(MACRO) for figure in figures]
    if not runs or not all(
            run.get('outcomes', {}).keys() >= set(names) for run in runs):
        return None
    sums, counts, weights = [], [], []
    size = 1 + max(
        max(map(int, groups.split())) for groups in found['groups'].values())
    for figure, name in zip(figures, names):
        metric = name.rpartition('/')[0]
        groups = np.array(found['groups'][metric].split(), int)
        outcomes = np.array([unpack(run['outcomes'][name]) for run in runs])
        labels = np.zeros_like(groups)
        if figure != name:
            labels = np.array(found['labels'][metric].split(), int)
        classes = np.unique(labels)
        for label in classes:
            of_it = labels == label
            sums.append([
                np.bincount(groups[of_it], run[of_it], size)
                for run in outcomes
            ])
            counts.append(np.bincount(groups[of_it], minlength=size))
            weights.append(1 / len(classes) / len(figures))
    used = np.any(counts, axis=0)
    return Judged(
        np.swapaxes(sums, 0, 1)[..., used],
        np.array(counts)[:, used], np.array(weights))


def _is_of_videos(found: Figures, key: str) -> bool:
    """Whether some run has the outcomes of a measure.

    A run has none where it could not read all videos: its figure is of others
    than those of the other runs.
    """
    names = {figure.removesuffix(MACRO) for figure in averaged(key)}
    return any(
        run.get('outcomes', {}).keys() >= names
        for method in found['methods'] for run in method['runs'])


def _by_seed(part: Judged) -> np.ndarray:
    """The measure of each seed, in percent, ``[S]``."""
    return 100 * part.sums.sum(axis=2) / part.counts.sum(
        axis=1) @ part.weights


def _pulls(part: Judged) -> np.ndarray:
    """How far each group moves the measure, in percent, ``[S, G]``.

    The influence of a group on the means (Hampel, 1974), to first order.
    Their squares sum to the unbiased variance that drawing groups gives.
    """
    videos = part.counts.sum(axis=1)
    means = part.sums.sum(axis=2) / videos
    shares = part.counts / videos[:, None]
    return 100 * np.einsum(
        'spg,pg->sg', part.sums - means[..., None] * part.counts,
        (part.weights / videos)[:, None] / _spread(shares)**0.5)


def _spread(shares: np.ndarray) -> np.ndarray:
    """How far the mean of a group is expected from the mean of all.

    The variance of their difference, in variances of a group's mean: less
    than one for a large group, which pulls the mean of all toward itself. For
    G groups of equal size it is 1 - 1 / G (Bell and McCaffrey, 2002).

    Args:
        shares (ndarray): float64 ``[..., G]``, which sum to 1.
    """
    return 1 - 2 * shares + (shares**2).sum(axis=-1, keepdims=True)


def _freedom(part: Judged) -> float:
    """Of what the groups tell of the variance.

    Groups that enter the same parts, such as those of a class, estimate one
    variance. The variances of classes are added (Satterthwaite), each taken to
    be as large as it would be if all groups varied alike: the estimates are
    too uncertain where a class has few groups.
    """
    _, alike = np.unique(part.counts > 0, axis=1, return_inverse=True)
    alike = alike.ravel()
    shares = part.weights @ (part.counts / part.counts.sum(
        axis=1, keepdims=True))
    expected = np.bincount(alike, shares**2)
    known_by = np.array([_known_by(shares[alike == number])
                         for number in range(len(expected))])
    return expected.sum()**2 / (expected**2 / known_by).sum()


def _known_by(shares: np.ndarray) -> float:
    """Degrees of freedom of a variance that groups estimate.

    Twice the square of its mean over its variance, if groups vary alike:
    G - 1 for G groups of equal size, fewer where some are large (Bell and
    McCaffrey, 2002).
    """
    if len(shares) < 2:
        return 1.
    shares = shares / shares.sum()
    squares = (shares**2).sum()
    # The estimate is a sum of these times (mean of group - mean)^2; the
    # covariance of two such differences is squares - share - other share.
    factors = shares**2 / _spread(shares)
    rest = squares - shares
    of_pairs = factors.sum() * (factors @ (rest**2 + shares**2)) - (
        2 * (factors @ rest) * (factors @ shares))
    of_each = factors**2 @ (1 + 2 * (rest - shares))
    return squares**2 / (of_pairs + of_each)


def _tells_of_videos(part: Judged) -> bool:
    """Whether no part is of a single group, whose variance is unknown."""
    return bool(((part.counts > 0).sum(axis=1) > 1).all())


class _Variance(NamedTuple):
    """Of a mean, in points squared, with its degrees of freedom."""
    value: float
    freedom: float


def _interval(value: float, seeds: Sequence[_Variance], videos: _Variance,
              both: Sequence[_Variance]) -> Optional[Interval]:
    """By what seeds and what videos leave open, and what is in both."""
    of_seeds = sum(part.value for part in seeds)
    total = max(of_seeds, videos.value, of_seeds + videos.value
                - sum(part.value for part in both))
    # Outcomes that are equal by chance tell nothing of their variance.
    if total < NEGLIGIBLE:
        return None
    parts = [part for part in (*seeds, videos, *both) if part.value]
    freedom = total**2 / sum(part.value**2 / part.freedom for part in parts)
    # What is subtracted may leave fewer than any part has.
    freedom = max(freedom, min(part.freedom for part in parts))
    half = stats.t.ppf(0.975, freedom) * total**0.5
    # Processors add in different orders; shares such as 6.25 would be shown
    # with one or the other last digit.
    return Interval(*(round(float(end), 9)
                      for end in (value, value - half, value + half)))


def _over_seeds(part: Judged, other: Judged) -> _Variance:
    """Of the mean of the seeds; a single one varies as those of the other."""
    found = _by_seed(part)
    several = found if len(found) > 1 else _by_seed(other)
    if len(several) < 2:
        return _Variance(0., 1)
    return _Variance(several.var(ddof=1) / len(found), len(several) - 1)


def _over_videos(pulls: np.ndarray, part: Judged) -> _Variance:
    """Of the mean over seeds, or of the difference of two such means."""
    return _Variance(float((pulls**2).sum()), _freedom(part))


def _in_both(part: Judged) -> _Variance:
    """What a seed does to single groups, beyond what it does to all."""
    pulls = _pulls(part)
    seeds = len(pulls)
    if seeds < 2:
        return _Variance(0., 1)
    residuals = pulls - pulls.mean(axis=0)
    return _Variance(
        float((residuals**2).sum()) / (seeds - 1) / seeds,
        (seeds - 1) * _freedom(part))


def interval_of(part: Judged) -> Optional[Interval]:
    """A measure, with its interval over seeds and videos.

    With one seed it covers the videos alone.

    Args:
        part (Judged): The measure of a method.

    Returns:
        Interval, optional: None if all videos, or for a macro figure those of
        a class, are of one group, or if nothing varies.
    """
    if not _tells_of_videos(part):
        return None
    return _interval(
        float(_by_seed(part).mean()), [_over_seeds(part, part)],
        _over_videos(_pulls(part).mean(axis=0), part), [_in_both(part)])


def paired_difference(first: Judged, second: Judged) -> Optional[Interval]:
    """The difference of two methods, second minus first.

    Both are judged on the same videos; their seeds are not the same runs. If
    one of them has a single seed, it is taken to vary as the other's seeds do.

    Args:
        first (Judged): A measure of a method.
        second (Judged): The same measure of another one.

    Returns:
        Interval, optional: As :func:`interval_of`.
    """
    if not _tells_of_videos(first):
        return None
    return _interval(
        float(_by_seed(second).mean() - _by_seed(first).mean()),
        [_over_seeds(first, second), _over_seeds(second, first)],
        _over_videos(_pulls(second).mean(axis=0) - _pulls(first).mean(axis=0),
                     first),
        [_in_both(first), _in_both(second)])


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


def estimate(found: Figures, method: Figures, key: str) -> Optional[Interval]:
    """A measure of a method, with the interval that its outcomes allow.

    Args:
        found (dict): An experiment.
        method (dict): One of its methods.
        key (str): Of a measure. One that is no mean over videos, such as a
            rank, has an interval over the seeds alone (Student's t).

    Returns:
        Interval, optional: None if no seed has the measure, one alone has it
        and there are no outcomes, a seed lacks the outcomes that others have,
        or :func:`interval_of` is None.
    """
    part, seeds = judged(found, method, key), values(method, key)
    if part is None and _is_of_videos(found, key):
        return None
    if part is not None:
        span = interval_of(part)
        # No share lies beyond.
        return span and span._replace(
            low=max(span.low, 0.), high=min(span.high, 100.))
    if len(set(seeds)) < 2:
        return None
    return Interval(mean(seeds), *interval(seeds))


def change(found: Figures, first: Figures, second: Figures,
           key: str) -> Optional[Interval]:
    """How far a method is above another one, as :func:`estimate`.

    Args:
        found (dict): An experiment.
        first (dict): One of its methods.
        second (dict): The method that is compared with it.
        key (str): Of a measure.
    """
    parts = [judged(found, method, key) for method in (first, second)]
    if None not in parts:
        return paired_difference(*parts)
    if _is_of_videos(found, key):
        return None
    pair = [values(method, key) for method in (first, second)]
    if min(map(len, pair)) < 2:
        return None
    value, half = difference(*pair)
    # Values that are equal by chance tell nothing of their variance.
    return Interval(value, value - half, value + half) if half else None


def told_apart(found: Figures, key: str,
               reference: int) -> Optional[Tuple[List[str], List[str]]]:
    """Methods whose intervals over the seeds do not overlap that of one.

    For files without outcomes; where there are some, :func:`change` tells
    more. A method whose values are all equal, which few queries make likely,
    has no interval: their variance is unknown.

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
