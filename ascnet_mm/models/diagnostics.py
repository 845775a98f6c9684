"""Diagnostics of training: has the network collapsed?"""
import torch
from torch import Tensor


@torch.no_grad()
def feature_std(unit_vectors: Tensor) -> Tensor:
    """Standard deviation of unit vectors, scaled so that 0 means collapse.

    Args:
        unit_vectors (Tensor): ``[N, D]``.

    Returns:
        Tensor: Standard deviation per dimension, averaged, times sqrt(D): 1
        if they are uniform on the sphere, 0 if they are all the same.
    """
    deviation = unit_vectors.std(dim=0, correction=0).mean()
    return deviation * unit_vectors.shape[1]**0.5


@torch.no_grad()
def effective_rank(features: Tensor) -> Tensor:
    """The number of directions in which features vary.

    Roy and Vetterli, *The effective rank*, EUSIPCO 2007, of the covariance:
    exp(-sum p log p), p being the eigenvalues over their sum. Published
    figures are mostly of singular values, see :func:`rank_me`. It detects
    dimensional collapse, which :func:`feature_std` does not: for vectors
    along one line, half of them each way, it can be as large as 1.

    Args:
        features (Tensor): ``[N, C]``, N > 1.

    Returns:
        Tensor: From 1 to min(N - 1, C), on the CPU; 1 if the features differ
        by no more than their rounding, NaN if one of them is not finite.
    """
    rounding = torch.finfo(features.dtype).eps**2
    features = features.float() if features.element_size() < 4 else features
    noise = rounding * features.square().sum()
    centered = features - features.mean(dim=0)
    # The smaller of the two Gram matrices has the same eigenvalues.
    if len(centered) > centered.shape[1]:
        centered = centered.T
    gram = (centered @ centered.T).cpu()
    if not gram.isfinite().all():
        return gram.new_tensor(torch.nan)
    variance = gram.trace()
    if variance <= noise.cpu():
        return gram.new_tensor(1.)
    shares = torch.linalg.eigvalsh(gram).clamp(min=0)
    shares = shares / shares.sum()
    return torch.special.entr(shares).sum().exp()


@torch.no_grad()
def rank_me(features: Tensor) -> Tensor:
    """RankMe (Garrido et al., ICML 2023), equation 1.

    exp(-sum p log p), where p are the singular values of the features, which
    are not centered, over their sum, plus 1e-7. Singular values are the square
    roots of eigenvalues, so that small directions count more than in
    :func:`effective_rank`, and the mean is one of the directions.

    Args:
        features (Tensor): ``[N, C]``.

    Returns:
        Tensor: float64, from 1 to about min(N, C), on the CPU; NaN if a
        feature is not finite.
    """
    features = features.cpu().double()
    if not features.isfinite().all():
        return features.new_tensor(torch.nan)
    values = torch.linalg.svdvals(features)
    shares = values / values.sum().clamp(min=1e-300) + 1e-7
    return torch.special.entr(shares).sum().exp()


@torch.no_grad()
def distinct_share(entries: Tensor) -> Tensor:
    """Share of retrieved entries that differ from each other.

    Args:
        entries (Tensor): Number of the entry that each query found, int64
            ``[N]``; -1 where nothing was found.

    Returns:
        Tensor: Distinct entries over queries that found one; 0 if none did.
    """
    ordered = entries.sort().values
    # Those without a find come first, as the -1 put before them.
    changes = ordered.diff(prepend=torch.full_like(ordered[:1], -1)) != 0
    return changes.sum() / (entries >= 0).sum().clamp(min=1)
