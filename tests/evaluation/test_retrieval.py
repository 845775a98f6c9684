import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.evaluation import VideoRetrievalMetric
from ascnet_mm.evaluation.retrieval import chance_topk, topk_hits


def brute_force(queries, query_labels, gallery, gallery_labels, k):
    """Python's stable sort over cosines, query by query."""
    hits = []
    for q, label in zip(queries, query_labels):
        cosines = [float(q @ g / (q.norm() * g.norm())) for g in gallery]
        order = sorted(range(len(gallery)), key=lambda i: -cosines[i])
        hits.append(any(gallery_labels[i] == label for i in order[:k]))
    return hits


@pytest.mark.parametrize('queries, gallery, classes', [(30, 40, 5),
                                                       (1, 7, 3), (9, 5, 1)])
def test_hits_are_those_of_a_plain_sort(queries, gallery, classes):
    generator = torch.Generator().manual_seed(0)
    # Few distinct directions: ties abound, and are exact in binary.
    q, g = (torch.eye(4)[torch.randint(0, 4, (n, ), generator=generator)]
            for n in (queries, gallery))
    ql, gl = (torch.randint(0, classes, (n, ), generator=generator)
              for n in (queries, gallery))
    for k, hit in topk_hits(q, ql, g, gl, (1, 3, 100)).items():
        assert hit.tolist() == brute_force(q, ql, g, gl, k)


def test_random_features_are_ranked_by_cosine():
    generator = torch.Generator().manual_seed(1)
    q, g = (torch.randn(n, 6, generator=generator).double()
            for n in (40, 50))
    g *= torch.rand(50, 1, generator=generator) + 0.1  # length must not count
    ql, gl = (torch.randint(0, 8, (n, ), generator=generator)
              for n in (40, 50))
    for k, hit in topk_hits(q, ql, g, gl, (1, 5, 10)).items():
        assert hit.tolist() == brute_force(q, ql, g, gl, k)


def sample(feature, label, role):
    clips = torch.tensor(feature, dtype=torch.float)
    return dict(clip_features=clips, gt_label=torch.tensor([label]), role=role)


def test_metric_means_clips_and_counts_every_query():
    metric = VideoRetrievalMetric(topk=(1, 2))
    metric.process(None, [
        sample([[1., 0.], [1., 0.2]], 0, 'gallery'),
        sample([[0., 1.]], 1, 'gallery'),
        # its clips' mean points to class 1, its first clip to class 0
        sample([[1., 0.], [0., 3.]], 1, 'query'),
        sample([[1., 0.]], 1, 'query'),
        dict(gt_label=torch.tensor([0]), role='query'),  # unreadable
    ])  # yapf: disable
    result = metric.evaluate(5)
    assert result['retrieval/top1'] == pytest.approx(100 / 3)
    assert result['retrieval/top2'] == pytest.approx(200 / 3)
    assert result['retrieval/queries'] == 3
    assert result['retrieval/gallery'] == 2
    assert result['retrieval/unreadable'] == 1


def test_queries_search_the_gallery_and_not_the_reverse():
    metric = VideoRetrievalMetric(topk=(1, ))
    metric.process(None, [
        sample([[1., 0.]], 0, 'gallery'),
        sample([[0.8, 0.6]], 1, 'gallery'),
        sample([[0., 1.]], 1, 'query')])  # yapf: disable
    assert metric.evaluate(3)['retrieval/top1'] == 100


def test_a_missing_role_is_named():
    metric = VideoRetrievalMetric()
    metric.process(None, [sample([[1.]], 0, 'query')])
    with pytest.raises(InputError, match='gallery of 0'):
        metric.evaluate(1)


def test_chance_is_that_of_shuffled_galleries():
    generator = torch.Generator().manual_seed(0)
    ql = torch.randint(0, 4, (50, ), generator=generator)
    gl = torch.randint(0, 4, (30, ), generator=generator)
    chance = chance_topk(ql, gl, (1, 5))
    for k in (1, 5):
        tries = [
            (gl[torch.randperm(30, generator=generator)[:k]] ==
             ql[:, None]).any(1).double().mean().item() for _ in range(2000)
        ]
        assert chance[k] == pytest.approx(
            100 * sum(tries) / len(tries), abs=0.8)
