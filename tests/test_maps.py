"""Maps of features."""
import numpy as np
import pytest
import torch

from ascnet_mm import InputError, maps
from ascnet_mm.collection.features import UnitRows
from ascnet_mm.evaluation.search import ComparableRows
from ascnet_mm.maps import MAPS, plane_of, require_map


def random_features(count, channels):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, channels)).astype(np.float32)


def two_heaps():
    """Twelve features each, around two axes."""
    heaps = np.repeat(np.eye(8, dtype=np.float32)[:2], 12, axis=0)
    return UnitRows(heaps + 0.05 * random_features(24, 8))


def distances(points):
    return np.linalg.norm(points[:, None] - points, axis=2)


def test_pca_keeps_the_distances_of_what_lies_in_a_plane():
    """A circle on the sphere, off its middle."""
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, 10)
    circle = np.stack([0.6 * np.cos(angles), 0.6 * np.sin(angles),
                       np.full(10, 0.8)], 1)
    turned = circle @ np.linalg.qr(rng.normal(size=(5, 3)))[0].T
    lengths = rng.uniform(1, 2, (10, 1))  # they must not count
    points = plane_of(UnitRows((lengths * turned).astype(np.float32)))
    assert points.shape == (10, 2) and points.dtype == np.float32
    np.testing.assert_allclose(
        distances(points), distances(circle), atol=1e-5)


@pytest.mark.parametrize('block', [1, 4, 15, 100])
def test_pca_is_that_of_the_singular_values(block, monkeypatch):
    monkeypatch.setattr(maps, 'BLOCK', block)
    features = random_features(15, 6)
    places = plane_of(UnitRows(features))
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    left, scales, axes = np.linalg.svd(
        unit - unit.mean(0), full_matrices=False)
    largest = np.take_along_axis(
        axes, np.abs(axes).argmax(1, keepdims=True), 1)[:2, 0]
    np.testing.assert_allclose(
        places, left[:, :2] * scales[:2] * np.sign(largest), atol=1e-6)
    comparable = ComparableRows(torch.from_numpy(features))
    np.testing.assert_allclose(places, plane_of(comparable), atol=1e-6)


@pytest.mark.parametrize('count, channels', [
    (0, 3), (1, 3), (2, 3), (3, 1), (1, 1)])
def test_few_features_have_a_place_by_pca(count, channels):
    places = plane_of(UnitRows(random_features(count, channels)))
    assert places.shape == (count, 2) and np.isfinite(places).all()


@pytest.mark.parametrize('kind, package', [
    ('tsne', 'sklearn'), ('umap', 'umap')])
def test_two_heaps_lie_apart_and_so_again(kind, package):
    pytest.importorskip(package)
    points = plane_of(two_heaps(), kind, 3)
    assert points.shape == (24, 2) and points.dtype == np.float32
    np.testing.assert_array_equal(points, plane_of(two_heaps(), kind, 3))
    apart = distances(points)
    assert apart[:12, :12].max() < apart[:12, 12:].min()


def test_a_map_that_cannot_be_had_is_refused(monkeypatch):
    require_map('pca')
    with pytest.raises(InputError, match="pca, tsne, umap, not 'spiral'"):
        plane_of(torch.eye(5), 'spiral')
    monkeypatch.setattr(maps, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match=r'umap.*ascnet_mm\[maps\].*pca'):
        plane_of(torch.eye(5), 'umap')


@pytest.mark.parametrize('kind', MAPS)
def test_features_that_make_no_map_are_refused(kind, monkeypatch):
    monkeypatch.setattr(maps, 'find_spec', lambda name: name)
    with pytest.raises(InputError, match='diverged'):
        plane_of(torch.full((5, 3), float('nan')), kind)
    if kind != 'pca':
        with pytest.raises(InputError, match='3 points are too few'):
            plane_of(torch.eye(3), kind)
        with pytest.raises(InputError, match='all points are the same'):
            plane_of(torch.eye(3)[:1].expand(9, 3), kind)


def test_a_single_channel_has_a_map():
    pytest.importorskip('sklearn')
    signs = torch.tensor([1., -1.]).repeat(10)[:, None]
    assert np.isfinite(plane_of(signs, 'tsne')).all()
