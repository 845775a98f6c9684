import math

import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.evaluation import KNNMetric


def evaluate(metric, queries, query_labels, gallery, gallery_labels):
    sets = dict(
        query=zip(queries, query_labels), gallery=zip(gallery, gallery_labels))
    for role, videos in sets.items():
        metric.process(None, [
            dict(
                clip_features=None if feature is None else feature[None],
                gt_label=torch.tensor([label]), role=role)
            for feature, label in videos
        ])  # yapf: disable
    return metric.evaluate(len(queries) + len(gallery))


def vote(query, gallery, labels, k, temperature):
    """The class that wins the vote, in plain Python."""
    cosines = [float(query @ g / (query.norm() * g.norm())) for g in gallery]
    order = sorted(range(len(gallery)), key=lambda i: -cosines[i])
    votes = [0.] * (max(labels) + 1)
    for i in order[:k]:
        votes[labels[i]] += math.exp(cosines[i] / temperature)
    return votes.index(max(votes))


@pytest.mark.parametrize('temperature', [0.07, 1.])
def test_votes_are_those_of_a_plain_loop(temperature):
    generator = torch.Generator().manual_seed(0)
    q, g = (torch.randn(n, 3, dtype=torch.double, generator=generator)
            for n in (60, 40))
    ql, gl = (torch.randint(0, 4, (n, ), generator=generator).tolist()
              for n in (60, 40))
    result = evaluate(
        KNNMetric((1, 5, 100), temperature=temperature), q, ql, g, gl)
    for k in (1, 5, 100):
        right = sum(
            vote(x, g, gl, k, temperature) == label for x, label in zip(q, ql))
        assert result[f'knn/top1_k{k}'] == pytest.approx(100 * right / 60)


def test_the_nearer_votes_count_more_the_colder():
    gallery = torch.tensor([[1., 0.], [0.6, 0.8], [0.6, 0.8]])
    part = torch.tensor([[1., 0.]]), [0], gallery, [0, 1, 1]
    # exp(1 / T) against 2 exp(0.6 / T): they weigh the same at T = 0.577
    assert evaluate(KNNMetric((3, ), 0.5), *part)['knn/top1_k3'] == 100
    assert evaluate(KNNMetric((3, ), 0.7), *part)['knn/top1_k3'] == 0


def test_of_equal_votes_the_smallest_class_wins():
    gallery = torch.tensor([[1., 0.], [1., 0.]])
    for label, expected in ((0, 0), (1, 100)):
        result = evaluate(KNNMetric((2, )), torch.tensor([[1., 0.]]), [label],
                          gallery, [2, 1])
        assert result['knn/top1_k2'] == expected


def test_votes_of_long_vectors_do_not_overflow():
    gallery = torch.tensor([[0., 899.], [0., 900.]])
    result = evaluate(
        KNNMetric((2, ), scale=False), torch.tensor([[0., 900.]]), [1],
        gallery, [0, 1])
    assert result['knn/top1_k2'] == 100


def test_an_unreadable_query_is_a_miss():
    result = evaluate(KNNMetric((1, )), [torch.ones(2), None], [1, 1],
                      [torch.ones(2)], [1])
    assert result['knn/top1_k1'] == 50
    assert result['knn/queries'] == 2 and result['knn/unreadable'] == 1


@pytest.mark.parametrize('options', [
    dict(k=()), dict(k=(0, )), dict(temperature=0.), dict(pooling='sum')])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=list(options)[0]):
        KNNMetric(**options)
