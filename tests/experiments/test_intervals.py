import numpy as np
import pytest
from scipy import stats

from ascnet_mm.experiments.intervals import difference, interval, told_apart


@pytest.mark.parametrize('count, quantile', [
    (2, 12.706), (3, 4.303), (7, 2.447), (10, 2.262)
])  # yapf: disable
def test_intervals_are_students(count, quantile):
    """By a printed table of Student's t, 97.5 %."""
    found = np.random.default_rng(count).normal(70, 5, count)
    half = quantile * found.std(ddof=1) / count**0.5
    assert interval(found.tolist()) == pytest.approx(
        (found.mean() - half, found.mean() + half), rel=1e-4)


@pytest.mark.parametrize('counts', [(2, 2), (3, 3), (2, 5)])
def test_differences_are_students(counts):
    generator = np.random.default_rng(sum(counts))
    first, second = (generator.normal(70, 5, count) for count in counts)
    found, half = difference(first.tolist(), second.tolist())
    low, high = stats.ttest_ind(second, first).confidence_interval(0.95)
    assert [found - half, found + half] == pytest.approx([low, high])
    assert difference([70., 70.], [70., 70.]) == (0, 0)


def test_methods_are_told_apart_where_intervals_do_not_overlap():
    def method(name, *found):
        return dict(
            name=name, runs=[dict(figures=dict(top1=x)) for x in found])

    found = dict(methods=[
        method('untrained', 60., 61., 62.), method('ASCNet', 70., 71., 72.),
        method('better', 80., 81., 82.), method('wide', 60., 65., 52.),
        method('one seed', 10.)
    ])
    assert told_apart(found, 'top1', 1) == (['better'], ['untrained'])
    assert told_apart(found, 'top1', 0) == (['ASCNet', 'better'], [])
    assert told_apart(found, 'top1', 4) is None
    assert told_apart(found, 'top5', 1) is None
    # Equal by accident: the variance is unknown.
    found['methods'][0] = method('untrained', 60., 60., 60.)
    assert told_apart(found, 'top1', 1) == (['better'], [])
    assert told_apart(found, 'top1', 0) is None
