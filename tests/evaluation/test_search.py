import itertools

import pytest
import torch
import torch.nn.functional as F

from ascnet_mm import InputError
from ascnet_mm.evaluation import KNNMetric, VideoRetrievalMetric, search
from ascnet_mm.evaluation.search import (
    ComparableRows,
    fit_whitening,
    nearest,
)

from ..helpers.processes import run_code


def plain(queries, gallery, depth):
    """A stable sort of the whole matrix."""
    similarity, order = torch.sort(
        queries @ gallery.T, dim=1, descending=True, stable=True)
    return similarity[:, :depth], order[:, :depth]


def small_blocks(monkeypatch, block, rows):
    monkeypatch.setattr(search, 'BLOCK', block)
    monkeypatch.setattr(search, 'ROWS', rows)


def numbers(kind, size, seed):
    """Rows of 8 whole numbers: no product is rounded, whatever the block."""
    generator = torch.Generator().manual_seed(seed)
    if kind == 'distinct':
        return torch.randint(-2000, 2000, (size, 8), generator=generator)
    few = torch.randint(-2, 3, (5, 8), generator=generator)
    if kind == 'few':
        return few[torch.randint(0, 5, (size, ), generator=generator)]
    if kind == 'rising':  # every block of the gallery beats those before it
        return few[:1].abs() * (torch.arange(size)[:, None] // 7)
    return few[:1].expand(size, 8)


KINDS = ['distinct', 'few', 'rising', 'equal']
BLOCKS = [(2**26, 1024), (1600, 10), (640, 40), (96, 1)]


@pytest.mark.parametrize('block, rows', BLOCKS)
@pytest.mark.parametrize('dtype', [torch.float, torch.double])
@pytest.mark.parametrize('kind', KINDS)
def test_what_is_found_is_what_a_stable_sort_finds(
        kind, dtype, block, rows, monkeypatch):
    small_blocks(monkeypatch, block, rows)
    for (queries, gallery), depth in itertools.product(
            [(33, 250), (1, 61), (20, 1)], [1, 5, 61, 250, 1000]):
        q = numbers('distinct', queries, seed=1).to(dtype)
        g = numbers(kind, gallery, seed=2).to(dtype)
        similarity, order = nearest(q, g, depth)
        expected = plain(q, g, depth)
        assert similarity.dtype == dtype and order.dtype == torch.long
        assert torch.equal(similarity, expected[0])
        assert torch.equal(order, expected[1])


@pytest.mark.parametrize('block, rows', BLOCKS[:3])
def test_random_features_in_any_blocks(block, rows, monkeypatch):
    small_blocks(monkeypatch, block, rows)
    generator = torch.Generator().manual_seed(0)
    q, g = (torch.randn(n, 6, dtype=torch.double, generator=generator)
            for n in (50, 400))
    similarity, order = nearest(q, g, 20)
    expected = plain(q, g, 20)
    torch.testing.assert_close(similarity, expected[0])
    assert torch.equal(order, expected[1])


def test_equals_of_later_blocks_cost_nothing(monkeypatch):
    small_blocks(monkeypatch, 640, 40)
    looked = []
    resolve = search._first_of_equals
    monkeypatch.setattr(search, '_first_of_equals', lambda *args: (
        looked.append(len(args[0])), resolve(*args))[1])
    q, g, equal = (
        numbers(*what).double() for what in (
            ('distinct', 33, 1), ('distinct', 250, 2), ('equal', 250, 2)))
    nearest(q, g, 4)
    assert not looked
    nearest(q, equal, 4)
    assert sum(looked) == 33  # each query once, in the first block


def test_products_that_overflow_are_ordered(monkeypatch):
    small_blocks(monkeypatch, 64, 4)
    g = torch.tensor([1., -3e38, 3e38, -3e38, 2., 3e38]).repeat(20)[:, None]
    q = torch.tensor([[3.], [-3.]])
    for depth in (1, 30, 90):
        for ours, expected in zip(nearest(q, g, depth), plain(q, g, depth)):
            assert torch.equal(ours, expected)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('place', [0, 57, 99])
def test_features_that_are_no_numbers_are_refused(value, place, monkeypatch):
    small_blocks(monkeypatch, 80, 4)
    gallery = torch.ones(100, 2)
    gallery[place] = value  # inf times 0 is NaN
    with pytest.raises(InputError, match='NaN or infinity'):
        nearest(torch.tensor([[1., 1.], [1., 0.]]), gallery, 3)


@pytest.mark.parametrize('center', [False, True])
@pytest.mark.parametrize('scale', [False, True])
def test_blocks_of_rows_are_those_of_the_whole(center, scale):
    features = torch.randn(
        90, 5, generator=torch.Generator().manual_seed(0)) + 1
    before = features.clone()
    whole = features - features.mean(dim=0) if center else features
    whole = F.normalize(whole, dim=1) if scale else whole
    for given in (features, list(features)):
        rows = ComparableRows(given, center, scale)
        assert len(rows) == 90
        parts = [rows[i:i + 40] for i in range(0, 90, 40)]
        torch.testing.assert_close(torch.cat(parts), whole)
    assert torch.equal(features, before)


def cone(count, generator):
    """Features that vary along few of 24 directions, away from the origin."""
    scales = torch.logspace(1, -3, 24)
    return torch.randn(count, 24, generator=generator) * scales + 5


@pytest.mark.parametrize('count', [12, 300])
def test_whitening_is_that_of_a_shrunk_covariance(count, monkeypatch):
    covariance = pytest.importorskip('sklearn.covariance')
    small_blocks(monkeypatch, 24 * 50, 50)
    features = cone(count, torch.Generator().manual_seed(0)).double()
    found = fit_whitening(list(features))
    fitted = covariance.LedoitWolf().fit(features.numpy())
    torch.testing.assert_close(
        found.mean, torch.from_numpy(fitted.location_))
    # Any root of the inverse whitens; they differ by a rotation.
    torch.testing.assert_close(
        found.matrix @ found.matrix.T, torch.from_numpy(fitted.precision_))
    assert 0 < fitted.shrinkage_ < 0.5


@pytest.mark.parametrize('features', [
    torch.full((5, 3), 2.), torch.tensor([[0., 0., 1.], [0., 0., 3.]])])
def test_whitening_few_or_equal_features_stays_finite(features):
    rows = ComparableRows(features, whitening=fit_whitening(features))
    assert rows[:].isfinite().all()


def test_whitening_with_centering_takes_off_the_own_mean():
    generator = torch.Generator().manual_seed(0)
    gallery, queries = cone(50, generator), cone(20, generator) + 3
    whitening = fit_whitening(gallery)
    own = ComparableRows(queries, True, False, whitening)[:]
    torch.testing.assert_close(
        own, (queries - queries.mean(dim=0)) @ whitening.matrix)


MEASURE = """
import resource, sys, torch
from ascnet_mm.evaluation import search
from ascnet_mm.evaluation.search import ComparableRows, nearest
torch.set_num_threads(1)
search.BLOCK = 2**22

def peak():
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

wrap = ComparableRows if sys.argv[1] == 'rows' else torch.as_tensor
gallery = torch.ones(300_000, 128)
gallery[:, 0] += torch.arange(300_000) % 1000 / 1000
queries = torch.ones(150, 128)
nearest(wrap(queries), wrap(gallery[:2000]), 50)
before = peak()
nearest(wrap(queries), wrap(gallery), 50)
print(peak() - before)
"""


@pytest.mark.parametrize('kind', ['tensor', 'rows'])
def test_memory_does_not_grow_with_the_gallery(kind):
    done = run_code(MEASURE, kind)
    assert done.returncode == 0, done.stderr
    # A block is 17 MB, a copy of the gallery 154, all similarities are 180.
    assert int(done.stdout) < 80e6


def test_metrics_side_by_side_hold_features_once():
    metrics = [VideoRetrievalMetric(), KNNMetric(), KNNMetric(pooling='max')]
    clips = torch.tensor([[1., 2.], [3., 6.]])
    for metric in metrics:
        metric.process(None, [
            dict(clip_features=clips, gt_label=torch.tensor([0]), role='query')
        ])
    mean, same, other = (m.results[0]['features'] for m in metrics)
    assert mean is same and mean.tolist() == [2, 4]
    assert other.tolist() == [3, 6]
