"""The measures as plain functions of features and labels."""
import re
from typing import Callable, Dict, List, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from .search import ComparableRows, nearest


def recall_at_k(queries: Tensor,
                query_labels: Tensor,
                gallery: Tensor,
                gallery_labels: Tensor,
                k: Sequence[int] = (1, 5, 10, 20, 50)) -> Dict[int, float]:
    """Top-k retrieval, in percent: see :class:`VideoRetrievalMetric`.

    Args:
        queries (Tensor): ``[Q, C]``, compared by cosine.
        query_labels (Tensor): int64 ``[Q]``.
        gallery (Tensor): ``[G, C]``.
        gallery_labels (Tensor): int64 ``[G]``.
        k (Sequence[int]): Defaults to (1, 5, 10, 20, 50).

    Returns:
        dict[int, float]: The share of queries that have a video of their own
        class among the k nearest.

    Examples:
        >>> gallery = torch.eye(3)
        >>> recall_at_k(gallery[:2], torch.tensor([0, 1]), gallery,
        ...             torch.tensor([0, 2, 1]), k=(1, 3))
        {1: 50.0, 3: 100.0}
    """
    hits = topk_hits(queries, query_labels, gallery, gallery_labels, k)
    return {
        number: 100 * hit.double().mean().item()
        for number, hit in hits.items()
    }


def knn_accuracy(queries: Tensor,
                 query_labels: Tensor,
                 gallery: Tensor,
                 gallery_labels: Tensor,
                 k: int = 20,
                 temperature: float = 0.07) -> float:
    """Weighted nearest-neighbor classification: see :class:`KNNMetric`.

    Args:
        queries (Tensor): ``[Q, C]``, compared by cosine.
        query_labels (Tensor): int64 ``[Q]``.
        gallery (Tensor): ``[G, C]``.
        gallery_labels (Tensor): int64 ``[G]``.
        k (int): Number of neighbors. Defaults to 20.
        temperature (float): T of the weights. Defaults to 0.07.

    Returns:
        float: Accuracy in percent.

    Examples:
        >>> gallery = torch.eye(3)
        >>> knn_accuracy(gallery[:2], torch.tensor([0, 0]), gallery,
        ...              torch.tensor([0, 1, 2]), k=1)
        50.0
    """
    similarity, order = nearest(
        ComparableRows(queries), ComparableRows(gallery), k)
    hits = knn_hits(similarity, gallery_labels[order], query_labels, k,
                    temperature)
    return 100 * hits.double().mean().item()


def linear_probe(train: Tensor, train_labels: Tensor, test: Tensor,
                 test_labels: Tensor, **options) -> float:
    """One linear layer on fixed features: see :class:`LinearProbeMetric`.

    Args:
        train (Tensor): float32 ``[N, C]``.
        train_labels (Tensor): Classes from 0, int64 ``[N]``.
        test (Tensor): float32 ``[M, C]``.
        test_labels (Tensor): int64 ``[M]``.
        **options: Of :func:`train_linear`.

    Returns:
        float: Accuracy in percent.

    Examples:
        >>> features = 10 * torch.eye(2).repeat(8, 1)
        >>> labels = torch.arange(2).repeat(8)
        >>> linear_probe(features, labels, features, labels, epochs=5)
        100.0
    """
    scores = train_linear(train, train_labels, **options)(test)
    return 100 * (scores.argmax(dim=1) == test_labels).double().mean().item()


def topk_hits(queries: Tensor, query_labels: Tensor, gallery: Tensor,
              gallery_labels: Tensor,
              topk: Sequence[int]) -> Dict[int, Tensor]:
    """Whether a query's class is among its k nearest, by cosine.

    Among equally near videos, the one that comes first in the gallery is
    ranked first. A k beyond the gallery's size means the whole gallery.

    Args:
        queries (Tensor): ``[Q, C]``.
        query_labels (Tensor): ``[Q]``.
        gallery (Tensor): ``[G, C]``.
        gallery_labels (Tensor): ``[G]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, Tensor]: bool ``[Q]`` for each k.
    """
    _, order = nearest(
        ComparableRows(queries), ComparableRows(gallery), max(topk))
    return class_among(gallery_labels[order], query_labels, topk)


def class_among(found: Tensor, query_labels: Tensor,
                topk: Sequence[int]) -> Dict[int, Tensor]:
    """Whether a query's class is among the first k of what it found.

    Args:
        found (Tensor): Labels, nearest first, ``[Q, depth]``.
        query_labels (Tensor): ``[Q]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, Tensor]: bool ``[Q]`` for each k.
    """
    hit = found == query_labels[:, None]
    return {k: hit[:, :k].any(dim=1) for k in topk}


def class_means(shares: Tensor, labels: Tensor) -> Dict[int, float]:
    """The mean of each class, in percent; their mean is the macro figure.

    Args:
        shares (Tensor): How far a criterion is met by each video, 0 to 1,
            ``[V]``.
        labels (Tensor): int64 ``[V]``.

    Returns:
        dict[int, float]: By class, ascending, of the classes that occur.

    Examples:
        >>> class_means(torch.tensor([True, False, True, True]),
        ...             torch.tensor([0, 0, 0, 2]))
        {0: 66.66666666666666, 2: 100.0}
    """
    return {
        label: 100 * shares[labels == label].double().mean().item()
        for label in labels.unique().tolist()
    }


def chance_topk(query_labels: Tensor, gallery_labels: Tensor,
                topk: Sequence[int]) -> Dict[int, float]:
    """Expected top-k, in percent, of a ranking drawn at random.

    Args:
        query_labels (Tensor): ``[Q]``.
        gallery_labels (Tensor): ``[G]``.
        topk (Sequence[int]): The values of k.

    Returns:
        dict[int, float]: For each k one minus the probability that k draws
        without replacement all miss, averaged over the queries.
    """
    size = len(gallery_labels)
    same = (query_labels[:, None] == gallery_labels).sum(dim=1).double()
    chance = {}
    for k in topk:
        miss = torch.ones_like(same)
        for drawn in range(min(k, size)):
            miss *= ((size - same - drawn) / (size - drawn)).clamp(min=0)
        chance[k] = 100 * (1 - miss).mean().item()
    return chance


def knn_hits(similarity: Tensor, found: Tensor, query_labels: Tensor, k: int,
             temperature: float) -> Tensor:
    """Whether a query's class has the most votes of its neighbors.

    Args:
        similarity (Tensor): Of the neighbors, nearest first, ``[Q, depth]``.
        found (Tensor): Their labels, ``[Q, depth]``.
        query_labels (Tensor): ``[Q]``.
        k (int): How many vote, at most ``depth``.
        temperature (float): T of the weights exp(similarity / T).

    Returns:
        Tensor: bool ``[Q]``. Of classes with equal votes the smallest wins.
    """
    # Relative to the nearest: no vote overflows, none changes its rank.
    relative = (similarity - similarity[:, :1]).double()
    weights = (relative / temperature).exp()
    votes = weights.new_zeros(len(found), int(found.max()) + 1).scatter_add_(
        1, found[:, :k], weights[:, :k])
    return votes.argmax(dim=1) == query_labels


def train_linear(features: Tensor,
                 labels: Tensor,
                 epochs: int = 100,
                 lr: float = 0.1,
                 weight_decay: float = 0.,
                 momentum: float = 0.9,
                 milestones: Sequence[int] = (60, 80),
                 batch_size: int = 256,
                 seed: int = 0) -> Callable[[Tensor], Tensor]:
    """Train a linear layer by SGD, as :class:`LinearProbeMetric` says.

    Args:
        features (Tensor): float32 ``[N, C]``.
        labels (Tensor): Classes from 0, ``[N]``.
        epochs (int): Defaults to 100.
        lr (float): Initial learning rate. Defaults to 0.1.
        weight_decay (float): Defaults to 0.
        momentum (float): Defaults to 0.9.
        milestones (Sequence[int]): Epochs before which the learning rate
            falls to a tenth. Defaults to (60, 80).
        batch_size (int): Defaults to 256.
        seed (int): Of the weights' start and the order of the samples.
            Defaults to 0.

    Returns:
        Callable: Maps features ``[M, C]`` to scores ``[M, classes]``.

    Raises:
        InputError: If the training diverges.
    """
    generator = torch.Generator().manual_seed(seed)
    weight = 0.01 * torch.randn(
        int(labels.max()) + 1, features.shape[1], generator=generator)
    bias = torch.zeros(len(weight))
    parameters = [weight.requires_grad_(), bias.requires_grad_()]
    optimizer = torch.optim.SGD(
        parameters,
        lr=lr,
        momentum=momentum,
        weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, milestones, gamma=0.1)
    for _ in range(epochs):
        order = torch.randperm(len(features), generator=generator)
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            # The test loop has switched gradients off.
            with torch.enable_grad():
                scores = F.linear(features[batch], weight, bias)
                F.cross_entropy(scores, labels[batch]).backward()
            optimizer.step()
        schedule.step()
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise InputError(
            'the linear layer diverged on features of up to '
            f'{features.abs().max():.1e}: bring them to deviation 1 '
            '(standardize=True of LinearProbeMetric), or set a smaller lr')
    return lambda x: F.linear(x, weight, bias).detach()


def train_ridge(features: Tensor, labels: Tensor,
                penalty: float) -> Callable[[Tensor], Tensor]:
    """Ridge regression on the classes, one output for each.

    Args:
        features (Tensor): ``[N, C]``.
        labels (Tensor): Classes from 0, int64 ``[N]``.
        penalty (float): On the squared weights, in units of the mean squared
            length of the features after their mean is subtracted.

    Returns:
        Callable: Maps features ``[M, C]`` to scores ``[M, classes]``.

    Examples:
        >>> scores = train_ridge(torch.eye(4), torch.tensor([0, 0, 1, 1]), 0.1)
        >>> scores(torch.eye(4)).argmax(dim=1)
        tensor([0, 0, 1, 1])
    """
    mean = features.double().mean(dim=0)
    inputs = features.double() - mean
    outputs = F.one_hot(labels).double()
    offset = outputs.mean(dim=0)
    # The smaller of the two systems of equations has the same solution.
    wide = len(inputs) < inputs.shape[1]
    gram = inputs @ inputs.T if wide else inputs.T @ inputs
    ridge = penalty * gram.trace() / len(inputs)
    gram.diagonal().add_(ridge.clamp(min=1e-300))
    if wide:
        weight = inputs.T @ torch.linalg.solve(gram, outputs - offset)
    else:
        weight = torch.linalg.solve(gram, inputs.T @ (outputs - offset))
    return lambda x: (x.double() - mean) @ weight + offset


def logistic_regression(features: Tensor, labels: Tensor,
                        weight_decay: float) -> Callable[[Tensor], Tensor]:
    """Multinomial logistic regression on standardized features.

    Args:
        features (Tensor): ``[N, C]``.
        labels (Tensor): Classes from 0, ``[N]``.
        weight_decay (float): L2 penalty on the weights.

    Returns:
        Callable: Maps features ``[M, C]`` to logits ``[M, classes]``.
    """
    mean = features.double().mean(dim=0)
    deviation = features.double().std(dim=0, correction=0).clamp(min=1e-8)

    def standardize(x: Tensor) -> Tensor:
        return (x.double() - mean) / deviation

    inputs = standardize(features)
    weight = inputs.new_zeros(inputs.shape[1], int(labels.max()) + 1)
    bias = weight.new_zeros(weight.shape[1])
    parameters = [weight.requires_grad_(), bias.requires_grad_()]
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=200, line_search_fn='strong_wolfe')

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(inputs @ weight + bias, labels)
        loss = loss + weight_decay / 2 * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(objective)
    return lambda x: (standardize(x) @ weight + bias).detach()


def group_numbers(videos: Sequence[str],
                  pattern: Optional[str],
                  known: Optional[Dict[str, int]] = None) -> List[int]:
    """The group of each video, such as those of one recording.

    Args:
        videos (Sequence[str]): Their paths.
        pattern (str, optional): Regular expression; what it matches in a path
            is the name of the group. A video without a match is a group of
            its own, and so is each without an expression.
        known (dict[str, int], optional): Numbers of groups by their names;
            new ones are added.

    Examples:
        >>> group_numbers(['a/x_g01_c1.avi', 'a/x_g01_c2.avi', 'b.mp4'],
        ...               r'x_g\\d+')
        [0, 0, 1]
    """
    known = {} if known is None else known
    found = (re.search(pattern, video) if pattern else None
             for video in videos)
    names = [match[0] if match else video
             for match, video in zip(found, videos)]
    return [known.setdefault(name, len(known)) for name in names]


def probe_unseen(features: Tensor, labels: Tensor, fold: Tensor,
                 weight_decay: float) -> Tensor:
    """Classify the clips of each video by a probe trained on other folds.

    Args:
        features (Tensor): ``[V, N, C]``.
        labels (Tensor): Classes from 0 of the N clips, the same in each
            video, int64 ``[N]``.
        fold (Tensor): Number of each video's fold, int64 ``[V]``; two folds
            or more.
        weight_decay (float): Of :func:`logistic_regression`.

    Returns:
        Tensor: Whether a clip is classified rightly, bool ``[V, N]``.

    Examples:
        >>> features = torch.eye(2).expand(4, 2, 2)
        >>> fold = torch.tensor([0, 0, 1, 1])
        >>> probe_unseen(features, torch.arange(2), fold, 0.01).all()
        tensor(True)
    """
    right = torch.zeros(features.shape[:2], dtype=torch.bool)
    for number in fold.unique():
        train, test = features[fold != number], features[fold == number]
        classify = logistic_regression(
            train.flatten(0, 1), labels.repeat(len(train)), weight_decay)
        predicted = classify(test.flatten(0, 1)).argmax(dim=1)
        right[fold == number] = predicted.view(len(test), -1) == labels
    return right
