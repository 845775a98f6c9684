import numpy as np
import pytest
import torch

from ascnet_mm.models.diagnostics import (
    distinct_share,
    effective_rank,
    feature_std,
    rank_me,
)


def by_svd(features):
    """Roy and Vetterli's formula, by numpy's singular values."""
    x = np.asarray(features, dtype=np.float64)
    eigenvalues = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)**2
    p = eigenvalues / eigenvalues.sum()
    p = p[p > 0]
    return np.exp(-(p * np.log(p)).sum())


@pytest.mark.parametrize('shape', [(20, 60), (60, 20), (2, 5), (64, 512)])
@pytest.mark.parametrize('decay', [0, 0.1, 1])
def test_effective_rank_is_the_formulas(shape, decay):
    generator = torch.Generator().manual_seed(0)
    scales = torch.exp(-decay * torch.arange(shape[1]))
    features = 3 + torch.randn(shape, generator=generator) * scales
    assert effective_rank(features).item() == pytest.approx(
        by_svd(features), rel=1e-3)


def test_effective_rank_of_axes_is_their_number():
    axes = torch.cat([torch.eye(7), -torch.eye(7)])
    assert effective_rank(axes).item() == pytest.approx(7)
    assert effective_rank(
        torch.cat([axes[:1], axes[7:8]])).item() == pytest.approx(1)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_rounding_is_no_direction(dtype):
    rounded = 1 + torch.finfo(dtype).eps / 2 * torch.rand(
        40, 30, generator=torch.Generator().manual_seed(0))
    for features in (torch.ones(40, 30), rounded, torch.zeros(40, 30)):
        assert effective_rank(features.to(dtype)) == 1


def test_no_rank_where_features_are_not_finite():
    features = torch.randn(5, 4)
    features[2, 1] = torch.inf
    assert effective_rank(features).isnan()


@pytest.mark.parametrize('shape', [(40, 12), (12, 40)])
def test_rank_me_is_its_formula(shape):
    """By the eigenvalues of the Gram matrix, in numpy."""
    features = 1 + torch.randn(
        shape, generator=torch.Generator().manual_seed(0))
    rows = features.double().numpy()
    values = np.sqrt(np.linalg.eigvalsh(rows @ rows.T).clip(0))
    values = np.sort(values)[::-1][:min(shape)]
    shares = values / values.sum() + 1e-7
    assert rank_me(features).item() == pytest.approx(
        np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    assert rank_me(torch.eye(7)).item() == pytest.approx(7, rel=1e-4)
    assert rank_me(torch.ones(9, 5)).item() == pytest.approx(1, rel=1e-4)
    features[3, 4] = torch.nan
    assert rank_me(features).isnan()


@pytest.mark.parametrize('entries, share', [
    ([3, 5, 3, 3], 2 / 4),
    ([7, 7, 7, 7], 1 / 4),
    ([0, 2, 1], 1),
    ([-1, 4, -1, 4, 0], 2 / 3),
    ([-1, -1], 0),
])
def test_distinct_share_counts_entries_of_those_found(entries, share):
    assert distinct_share(torch.tensor(entries)).item() == pytest.approx(share)


def test_spread_is_one_on_the_sphere_and_zero_in_a_point():
    points = torch.nn.functional.normalize(torch.randn(20000, 16), dim=1)
    assert feature_std(points).item() == pytest.approx(1, abs=0.01)
    assert feature_std(points[:1].expand(10, -1)).item() == pytest.approx(
        0, abs=1e-6)
