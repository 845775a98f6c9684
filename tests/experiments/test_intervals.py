from itertools import product

import numpy as np
import pytest
from scipy import stats

from ascnet_mm.experiments.intervals import (
    Judged,
    _freedom,
    _pulls,
    change,
    difference,
    estimate,
    interval,
    interval_of,
    judged,
    paired_difference,
    told_apart,
)
from ascnet_mm.experiments.outcomes import unpack
from ascnet_mm.experiments.tables import differences, table

from .judging import KEY, experiment, method


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


def judged_as(groups, outcomes):
    one = method('one', outcomes)
    return judged(experiment(groups, one), one, KEY)


def test_variances_are_those_of_all_resamples():
    """Of 2 seeds 1 is drawn, of 3 groups 2: all cases by hand."""
    outcomes = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0]])
    groups = np.array([4, 4, 7, 7, 9, 9])
    part = judged_as(groups, outcomes)
    by_seed = 100 * outcomes.mean(axis=1)
    by_groups = []
    for drawn in product((4, 7, 9), repeat=2):
        chosen = np.concatenate(
            [outcomes[:, groups == group] for group in drawn], axis=1)
        by_groups.append(100 * chosen.mean())
    # Three times what the groups add to each share
    pulls = 300 * np.array([[
        (run[groups == group] - run.mean()).sum() / 6 for group in (4, 7, 9)
    ] for run in outcomes])
    in_both = ((pulls - pulls.mean(axis=0))**2).sum() / 2 / 6
    variances = np.var(by_seed), np.var(by_groups), in_both
    total = max(*variances[:2], sum(variances[:2]) - in_both)
    freedom = total**2 / np.dot(np.square(variances), (1, 1 / 2, 1 / 2))
    half = stats.t.ppf(0.975, max(freedom, 1)) * total**0.5
    found = interval_of(part)
    assert found.value == pytest.approx(100 * outcomes.mean())
    assert found.high - found.value == pytest.approx(half)
    assert found.value - found.low == pytest.approx(half)


def test_groups_of_different_sizes_are_drawn_as_they_are():
    """By resamples that are drawn; a formula of first order is near them."""
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 8, 40)
    groups = np.repeat(range(40), sizes)
    hits = generator.random(len(groups)) < np.repeat(
        generator.random(40), sizes)
    sums, drawn = np.bincount(groups, hits), generator.multinomial(
        39, np.full(40, 1 / 40), 20000)
    half = stats.t.ppf(0.975, 39) * 100 * (
        drawn @ sums / (drawn @ sizes)).std()
    found = interval_of(judged_as(groups, [hits]))
    assert found.high - found.value == pytest.approx(half, rel=0.05)


@pytest.mark.parametrize('sizes', [
    (5, ) * 10, range(1, 11), (2, ) * 9 + (20, ), (4, ) * 20 + (40, 80)])
def test_intervals_hold_the_truth_whatever_the_sizes(sizes):
    """A large group pulls the mean toward itself."""
    generator, sizes = np.random.default_rng(0), np.array(sizes)
    held = []
    for _ in range(400):
        means = generator.normal(.5, .1, len(sizes))
        part = Judged((means * sizes)[None, None], sizes[None], np.ones(1))
        found = interval_of(part)
        held.append(found.low <= 50 <= found.high)
    # Three standard errors below. They are wide where few groups count.
    assert np.mean(held) >= 0.917


def test_the_variance_of_groups_of_different_sizes_is_unbiased():
    """In the mean, and as uncertain as its degrees of freedom say."""
    generator, sizes = np.random.default_rng(0), np.array([1, 2, 2, 3, 12])
    means = generator.normal(.5, .1, (20000, 5))
    variances = [
        (_pulls(Judged((one * sizes)[None, None], sizes[None],
                       np.ones(1)))**2).sum() for one in means]
    by_size = 100 * means @ sizes / sizes.sum()
    assert np.mean(variances) == pytest.approx(by_size.var(), rel=0.05)
    freedom = 2 * np.mean(variances)**2 / np.var(variances)
    part = Judged(np.zeros((1, 1, 5)), sizes[None], np.ones(1))
    assert _freedom(part) == pytest.approx(freedom, rel=0.05)


@pytest.mark.parametrize('hits, videos', [(30, 100), (5, 20)])
def test_with_one_seed_and_no_groups_it_is_the_binomial(hits, videos):
    found = interval_of(
        judged_as(range(videos), [[1] * hits + [0] * (videos - hits)]))
    share = hits / videos
    error = 100 * (share * (1 - share) / (videos - 1))**0.5
    half = stats.t.ppf(0.975, videos - 1) * error
    assert found.high - found.value == pytest.approx(half)


def test_where_videos_are_alike_it_is_students():
    outcomes = [[share] * 9 for share in (.6, .7, .95)]
    found = interval_of(judged_as([0, 0, 0, 1, 1, 1, 2, 2, 2], outcomes))
    low, high = interval([60., 70., 95.])
    assert found[1:] == pytest.approx((low, high))


@pytest.mark.parametrize('interaction', [0.05, 0.3])
def test_what_a_seed_does_to_single_videos_counts_once(interaction):
    """By an analysis of variance with seeds and videos as its factors."""
    generator = np.random.default_rng(0)
    outcomes = (
        .5 + generator.normal(0, .03, (4, 1)) + generator.normal(0, .1, 30)
        + generator.normal(0, interaction, (4, 30)))
    seeds, videos = outcomes.shape
    by_seed, by_video = (outcomes.mean(axis=axis) for axis in (1, 0))
    squares = (
        videos * by_seed.var(ddof=1), seeds * by_video.var(ddof=1),
        ((outcomes - by_seed[:, None] - by_video + outcomes.mean())**2).sum()
        / (seeds - 1) / (videos - 1))
    signed = max(*squares[:2], squares[0] + squares[1] - squares[2])
    freedom = signed**2 / np.dot(
        np.square(squares), (1 / 3, 1 / 29, 1 / 3 / 29))
    half = stats.t.ppf(0.975, freedom) * 100 * (signed / seeds / videos)**.5
    found = interval_of(judged_as(range(videos), outcomes))
    # Outcomes are kept to six digits.
    assert found.high - found.value == pytest.approx(half, rel=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(0)
    held = []
    for _ in range(400):
        outcomes = (
            .5 + generator.normal(0, .03, (3, 1))
            + generator.normal(0, .1, 20) + generator.normal(0, .2, (3, 20)))
        found = interval_of(judged_as(range(20), outcomes))
        held.append(found.low <= 50 <= found.high)
    # Three standard errors of a share of 400 are 3.3 points.
    assert 0.917 <= np.mean(held) <= 0.983


@pytest.mark.parametrize('seeds, interaction', [
    ((3, 3), .2), ((3, 3), .05), ((1, 3), .2), ((6, 3), .2)
])  # yapf: disable
def test_differences_hold_the_truth_as_often_as_they_say(seeds, interaction):
    """Of equal methods, whose seeds and videos differ by chance."""
    generator = np.random.default_rng(0)
    held = []
    for _ in range(400):
        videos = generator.normal(0, .1, 20)
        parts = [judged_as(range(20), (
            .5 + generator.normal(0, .03, (count, 1)) + videos
            + generator.normal(0, interaction, (count, 20))))
            for count in seeds]
        held.append(paired_difference(*parts).holds_zero)
    # Three standard errors below. They are wide where little is the videos'.
    assert np.mean(held) >= 0.917


def test_what_two_methods_do_to_single_videos_is_in_both():
    """By an analysis of variance of each, and the sum of the two."""
    generator = np.random.default_rng(0)
    outcomes = [
        .5 + generator.normal(0, .08, (count, 1))
        + generator.normal(0, .1, 30)
        + generator.normal(0, spread, (count, 30))
        for count, spread in ((3, .05), (4, .1))]
    of_seeds, in_both, freedoms = [], [], []
    for part in outcomes:
        count = len(part)
        by_seed, by_video = part.mean(axis=1), part.mean(axis=0)
        rest = part - by_seed[:, None] - by_video + part.mean()
        of_seeds.append(by_seed.var(ddof=1) / count)
        in_both.append((rest**2).sum() / (count - 1) / 29 / count / 30)
        freedoms.append(count - 1)
    difference = outcomes[1].mean(axis=0) - outcomes[0].mean(axis=0)
    of_videos = difference.var(ddof=1) / 30
    total = max(sum(of_seeds), of_videos,
                sum(of_seeds) + of_videos - sum(in_both))
    assert total not in (sum(of_seeds), of_videos)
    freedom = total**2 / np.dot(
        np.square([*of_seeds, of_videos, *in_both]),
        1 / np.array([*freedoms, 29, *(29 * part for part in freedoms)]))
    half = stats.t.ppf(0.975, max(freedom, 2)) * 100 * total**.5
    found = paired_difference(
        *(judged_as(range(30), part) for part in outcomes))
    # Outcomes are kept to six digits.
    assert found.high - found.value == pytest.approx(half, rel=1e-4)


def test_what_is_subtracted_takes_no_degree_of_freedom_away():
    """One group beside another one, and two seeds: one degree each."""
    generator = np.random.default_rng(0)
    for _ in range(50):
        part = judged_as(range(12), generator.random((2, 12)) < .5)
        span = interval_of(part)
        sums = 100 * part.sums[:, 0]
        of_seeds = sums.mean(axis=1).var(ddof=1) / 2
        of_videos = sums.mean(axis=0).var(ddof=1) / 12
        # 12.706 is Student's t for one degree of freedom.
        assert span.high - span.value <= 12.7063 * (
            of_seeds + of_videos)**.5


def test_a_difference_is_paired():
    """By scipy's bootstrap, which draws as many as there are."""
    generator = np.random.default_rng(0)
    first = generator.random(60) < .5
    second = first | (generator.random(60) < .2)
    parts = [judged_as(range(60), [found]) for found in (first, second)]
    found = paired_difference(*parts)
    theirs = stats.bootstrap(
        (100 * first, 100 * second),
        lambda a, b, axis: b.mean(axis) - a.mean(axis),
        paired=True, n_resamples=4000, rng=1).standard_error
    half = stats.t.ppf(0.975, 59) * theirs * (60 / 59)**0.5
    assert found.high - found.value == pytest.approx(half, rel=0.05)
    assert found.value == pytest.approx(100 * (second.mean() - first.mean()))
    # Not by the spans of the two, which overlap
    assert found.low > 0
    assert interval_of(parts[0]).high > interval_of(parts[1]).low
    # Of nothing that varies nothing is known.
    assert paired_difference(parts[0], parts[0]) is None


def test_seeds_of_two_methods_are_not_paired():
    first = [[share] * 4 for share in (.2, .6)]
    second = [[share + .1] * 4 for share in (.2, .6)]
    found = paired_difference(
        *(judged_as(range(4), part) for part in (first, second)))
    # Each mean has a variance of 20 ** 2, known by one degree of freedom.
    half = stats.t.ppf(0.975, 2) * (2 * 20**2)**0.5
    assert found.high - found.value == pytest.approx(half)


def test_a_single_seed_varies_as_those_of_the_other_method():
    several, single = [[.2] * 4, [.6] * 4], [[.5] * 4]
    parts = [judged_as(range(4), part) for part in (several, single)]
    spans = paired_difference(*parts), paired_difference(*parts[::-1])
    # A seed has a variance of 800, known by one degree of freedom.
    freedom = 1200**2 / (400**2 + 800**2)
    half = stats.t.ppf(0.975, freedom) * 1200**.5
    assert [span.high - span.value for span in spans] == pytest.approx(
        [half, half])
    assert paired_difference(
        parts[1], judged_as(range(4), [[.7] * 4])) is None


def test_one_group_tells_nothing_of_the_videos():
    one = method('one', [[1, 0, 1, 0], [1, 1, 1, 0]])
    other = method('other', [[0, 0, 1, 0], [1, 0, 1, 0]])
    found = experiment([0] * 4, one, other)
    assert estimate(found, one, KEY) is None
    assert change(found, one, other, KEY) is None
    assert '**' not in differences(found, 0)
    assert '| one | 2 of 2 | 62.5 |' in table(found)


def test_a_measure_can_be_of_different_videos():
    """The same groups, more videos of them."""
    one = method('one', [[1, 0, 1, 0]])
    other = method('one', [[1, 1, 0, 0, 1, 1]], key='b/linear/top1')
    for part in ('figures', 'outcomes'):
        one['runs'][0][part].update(other['runs'][0][part])
    found = experiment([0, 0, 1, 2], one)
    found['groups']['b/linear'] = '0 1 1 2 2 5'
    part = judged(found, one, f'{KEY} + b/linear/top1')
    assert part.counts.tolist() == [[2, 1, 1, 0], [1, 2, 2, 1]]
    assert part.sums.tolist() == [[[1, 1, 0, 0], [1, 1, 1, 1]]]
    assert interval_of(part).value == pytest.approx((50 + 400 / 6) / 2)
    assert judged(found, one, f'{KEY} + c/knn/top1') is None


def test_a_macro_figure_is_the_mean_of_the_classes():
    """Its error is that of two shares of independent videos."""
    generator = np.random.default_rng(0)
    labels = np.repeat([3, 8], [15, 60])
    hits = generator.random(75) < np.where(labels == 3, .3, .8)
    one = method('one', [hits])
    found = dict(experiment(range(75), one),
                 labels={'a/retrieval': ' '.join(map(str, labels))})
    macro = [hits[labels == label].mean() for label in (3, 8)]
    one['runs'][0]['figures'][f'{KEY}_macro'] = 100 * np.mean(macro)
    part = judged(found, one, f'{KEY}_macro')
    assert interval_of(part).value == pytest.approx(100 * np.mean(macro))
    errors = [100 * (p * (1 - p) / (n - 1))**.5
              for p, n in zip(macro, (15, 60))]
    # Welch's degrees of freedom, of two means, if all videos vary alike
    freedom = (1 / 15 + 1 / 60)**2 / (1 / 15**2 / 14 + 1 / 60**2 / 59)
    half = stats.t.ppf(0.975, freedom) * np.hypot(*errors) / 2
    span = interval_of(part)
    assert span.high - span.value == pytest.approx(half)
    # With a figure that is none it has half the weight.
    part = judged(found, one, f'{KEY}_macro + {KEY}')
    assert part.weights.tolist() == [.25, .25, .5]
    assert interval_of(part).value == pytest.approx(
        50 * np.mean(macro) + 50 * hits.mean())


@pytest.mark.parametrize('recordings', [(7, ) * 3, (2, ) * 8, (2, 30)])
def test_intervals_of_macro_figures_hold_the_truth(recordings):
    generator = np.random.default_rng(0)
    labels = np.repeat(range(len(recordings)), 4 * np.array(recordings))
    groups = np.repeat(range(sum(recordings)), 4)
    held = []
    for _ in range(400):
        one = method('one', [
            .5 + np.repeat(generator.normal(0, .1, groups[-1] + 1), 4)
            + generator.normal(0, .1, len(groups))])
        one['runs'][0]['figures'][f'{KEY}_macro'] = 0.
        found = dict(experiment(groups, one), labels={
            'a/retrieval': ' '.join(map(str, labels))})
        span = interval_of(judged(found, one, f'{KEY}_macro'))
        held.append(span.low <= 50 <= span.high)
    # Three standard errors of a share of 400 are 3.3 points. They are wide
    # where one class has few groups.
    assert 0.917 <= np.mean(held) <= (
        0.983 if len(set(recordings)) == 1 else 1)


def test_a_class_of_one_group_leaves_the_macro_figure_open():
    one = method('one', [[1, 0, 1, 0, 1]])
    one['runs'][0]['figures'][f'{KEY}_macro'] = 50.
    found = dict(experiment([0, 0, 1, 2, 3], one),
                 labels={'a/retrieval': '0 0 1 1 1'})
    assert estimate(found, one, f'{KEY}_macro') is None
    found['labels'] = {'a/retrieval': '0 0 0 1 1'}
    assert estimate(found, one, f'{KEY}_macro') is not None
    # Groups may have videos of several classes.
    found['groups'] = {'a/retrieval': '0 1 0 1 2'}
    assert estimate(found, one, f'{KEY}_macro') is not None


def test_a_share_lies_between_0_and_100():
    one = method('one', [[1, 1, 1, 0], [0, 0, 0, 0]])
    found = experiment(range(4), one)
    assert interval_of(judged(found, one, KEY)).low < 0
    assert estimate(found, one, KEY)[1:] == (0, 100)


def test_the_last_bits_change_nothing():
    """Processors add in different orders; 6.25 is shown alike by all."""
    sums = np.zeros((2, 1, 16))
    sums[..., 0] = 1
    part = Judged(sums, np.ones((1, 16), int), np.ones(1))
    assert interval_of(part).value == 6.25
    assert interval_of(
        part._replace(sums=sums * (1 + 1e-15))) == interval_of(part)


def test_a_run_that_could_not_read_all_leaves_its_figures_open():
    generator = np.random.default_rng(1)
    one, other = (method(name, generator.random((3, 40)) < share)
                  for name, share in (('one', .3), ('other', .7)))
    assert len({run['figures'][KEY] for run in one['runs']}) > 1
    found = experiment(range(40), one, other)
    assert estimate(found, one, KEY) and change(found, one, other, KEY)
    one['runs'][1]['outcomes'] = {}
    assert estimate(found, one, KEY) is None
    assert estimate(found, other, KEY) is not None
    assert change(found, one, other, KEY) is None
    assert change(found, other, one, KEY) is None


def test_outcomes_that_are_all_equal_leave_it_open():
    one = method('one', [[1] * 10])
    assert estimate(experiment(range(10), one), one, KEY) is None
    several = method('several', [[1] * 10] * 3)
    assert estimate(experiment(range(10), several), several, KEY) is None


def test_without_outcomes_it_is_over_the_seeds():
    found = dict(groups={}, methods=[
        dict(name='a', runs=[dict(figures=dict(rank=x)) for x in (3., 5.)]),
        dict(name='b', runs=[dict(figures=dict(rank=x)) for x in (4., 9.)])
    ])
    first, second = found['methods']
    assert estimate(found, first, 'rank')[1:] == interval([3., 5.])
    value, half = difference([3., 5.], [4., 9.])
    assert change(found, first, second, 'rank') == (
        value, value - half, value + half)


def test_methods_are_told_apart_by_their_difference():
    generator = np.random.default_rng(0)
    base = generator.random((3, 80)) < .5
    better = base | (generator.random((3, 80)) < .3)
    found = experiment(
        range(80), method('untrained', base), method('ASCNet', better),
        method('same', np.roll(base, 1, axis=0)),
        method('hardly', base | (np.arange(80) == np.flatnonzero(~base[0])[0])
               ))
    assert np.mean(unpack(found['methods'][3]['runs'][0]['outcomes'][KEY])) > (
        base[0].mean())
    one, *others = found['methods']
    spans = {other['name']: change(found, one, other, KEY)
             for other in others}
    assert spans['ASCNet'].low > 0 and not spans['ASCNet'].holds_zero
    assert spans['same'].holds_zero and spans['hardly'].holds_zero
    back = change(found, others[0], one, KEY)
    assert back.high < 0 and not back.holds_zero
