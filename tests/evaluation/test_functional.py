import pytest
import torch
import torch.nn.functional as F

from ascnet_mm.evaluation.functional import (
    knn_accuracy,
    linear_probe,
    recall_at_k,
)


def data(seed=0):
    generator = torch.Generator().manual_seed(seed)
    gallery, queries = (
        torch.randn(n, 6, generator=generator) for n in (40, 25))
    labels = torch.randint(4, (65, ), generator=generator)
    return queries, labels[:25], gallery, labels[25:]


@pytest.mark.parametrize('seed', range(3))
def test_recall_is_that_of_all_pairs(seed):
    queries, wanted, gallery, labels = data(seed)
    found = recall_at_k(queries, wanted, gallery, labels, k=(1, 5, 99))
    for k in (1, 5, 99):
        hits = 0
        for query, label in zip(queries, wanted):
            cosine = F.cosine_similarity(query[None], gallery)
            best = cosine.argsort(descending=True)[:k]
            hits += bool((labels[best] == label).any())
        assert found[k] == pytest.approx(4 * hits)


@pytest.mark.parametrize('k', [1, 7, 40])
def test_neighbors_vote_by_their_similarity(k):
    queries, wanted, gallery, labels = data()
    hits = 0
    for query, label in zip(queries, wanted):
        cosine = F.cosine_similarity(query[None], gallery)
        votes = torch.zeros(4)
        for place in cosine.argsort(descending=True)[:k]:
            votes[labels[place]] += (cosine[place] / 0.1).exp()
        hits += bool(votes.argmax() == label)
    assert knn_accuracy(queries, wanted, gallery, labels, k,
                        temperature=0.1) == pytest.approx(4 * hits)


def test_a_linear_probe_tells_clusters_apart():
    labels = torch.arange(60) % 3
    noise = torch.randn(60, 6, generator=torch.Generator().manual_seed(1))
    features = 5 * F.one_hot(labels, 6) + 0.1 * noise
    train, test = features[:40], features[40:]
    assert linear_probe(train, labels[:40], test, labels[40:]) == 100
    others = (labels + 1) % 3
    assert linear_probe(train, labels[:40], test, others[40:]) == 0
