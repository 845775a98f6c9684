import itertools

import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.evaluation import (
    KNNMetric,
    LinearProbeMetric,
    VideoRetrievalMetric,
)
from ascnet_mm.evaluation.functional import chance_topk, topk_hits


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
    clips = torch.as_tensor(feature, dtype=torch.double)
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


def evaluate(metric, queries, query_labels, gallery, gallery_labels):
    metric.process(
        None, [sample(*v, 'query') for v in zip(queries, query_labels)] +
        [sample(*v, 'gallery') for v in zip(gallery, gallery_labels)])
    return metric.evaluate(len(queries) + len(gallery))


def search(queries, query_labels, gallery, gallery_labels, k, pooling, center,
           scale):
    """The metric's promise, video by video."""
    q, g = (
        np.stack([getattr(np, pooling)(v.numpy(), axis=0) for v in part])
        for part in (queries, gallery))
    if center:
        q, g = q - q.mean(axis=0), g - g.mean(axis=0)
    if scale:
        q, g = ([v / max(np.linalg.norm(v), 1e-12) for v in part]
                for part in (q, g))
    hits = 0
    for video, label in zip(q, query_labels):
        order = sorted(range(len(g)), key=lambda i: -(video @ g[i]))
        hits += any(gallery_labels[i] == label for i in order[:k])
    return 100 * hits / len(q)


SWITCHES = list(
    itertools.product(('mean', 'max'), (False, True), (False, True)))


@pytest.mark.parametrize('sizes', [(30, 40, 5), (1, 7, 3), (9, 5, 1)])
@pytest.mark.parametrize('pooling, center, scale', SWITCHES)
def test_switches_do_what_they_say(sizes, pooling, center, scale):
    generator = torch.Generator().manual_seed(0)
    part = []
    for size in sizes[:2]:
        clips = torch.randint(1, 5, (size, ), generator=generator).tolist()
        part += [[
            1 + torch.randn(n, 6, dtype=torch.double, generator=generator)
            for n in clips
        ], torch.randint(0, sizes[2], (size, ), generator=generator)]
    result = evaluate(
        VideoRetrievalMetric((1, 3, 100), pooling=pooling, center=center,
                             scale=scale), *part)
    for k in (1, 3, 100):
        assert result[f'retrieval/top{k}'] == pytest.approx(
            search(*part, k, pooling, center, scale))


@pytest.mark.parametrize('pooling, center, scale',
                         [s for s in SWITCHES if not (s[1] and s[2])])
def test_ties_go_to_the_first_in_the_gallery(pooling, center, scale):
    generator = torch.Generator().manual_seed(0)
    # Few vectors, and all steps exact in binary: ties abound and are exact.
    q, g = (
        2 * torch.eye(4, dtype=torch.double)[torch.randint(
            0, 4, (n, ), generator=generator)] for n in (32, 16))
    part = (q[:, None], torch.randint(0, 5, (32, ), generator=generator),
            g[:, None], torch.randint(0, 5, (16, ), generator=generator))
    result = evaluate(
        VideoRetrievalMetric((1, 3), pooling=pooling, center=center,
                             scale=scale), *part)
    for k in (1, 3):
        assert result[f'retrieval/top{k}'] == pytest.approx(
            search(*part, k, pooling, center, scale))


def test_more_queries_than_a_block_holds():
    q = torch.eye(3)[torch.arange(2050) % 3]
    hits = topk_hits(q, torch.arange(2050) % 3, torch.eye(3),
                     torch.arange(3), (1, ))
    assert hits[1].shape == (2050, ) and hits[1].all()


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


@pytest.mark.parametrize('role, other', [('query', 'gallery'),
                                         ('gallery', 'query')])
def test_a_list_of_unreadable_videos_is_named(role, other):
    metric = VideoRetrievalMetric()
    lost = dict(gt_label=torch.tensor([0]), role=role)
    metric.process(None, [lost, lost, sample([[1.]], 0, other)])
    with pytest.raises(InputError, match=f'none of the 2 videos of the {role} '
                       'list could be read') as error:
        metric.evaluate(3)
    assert 'ann_file' not in str(error.value)


def test_a_video_without_a_class_is_named():
    metric = VideoRetrievalMetric()
    video = dict(sample([[1.]], -1, 'gallery'), filename='a/b.mp4')
    with pytest.raises(InputError, match='a/b.mp4 has none'):
        metric.process(None, [video])


@pytest.mark.parametrize('options', [
    dict(topk=()), dict(topk=(1, 0)), dict(topk=(1.5, )), dict(topk=1),
    dict(pooling='median')])  # yapf: disable
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=list(options)[0]):
        VideoRetrievalMetric(**options)


def test_joined_clips_must_be_equally_many():
    metric = VideoRetrievalMetric(pooling='concat')
    metric.process(None, [sample([[1., 0.]], 0, 'gallery'),
                          sample([[1., 0.], [0., 1.]], 0, 'query')])
    with pytest.raises(InputError, match="2 to 4 dimensions.*'concat'"):
        metric.evaluate(2)


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


@pytest.mark.parametrize('metric, key', [
    (VideoRetrievalMetric(topk=(1, )), 'retrieval/top1'),
    (KNNMetric(k=(1, )), 'knn/top1_k1'),
    (LinearProbeMetric(epochs=3, milestones=()), 'linear/top1'),
])
def test_shuffled_labels_leave_nothing_but_chance(metric, key):
    """Four classes apart: all are found, and a quarter if shuffled."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(400) % 4
    features = 10 * torch.eye(4)[labels] + torch.randn(
        400, 4, generator=generator)
    query = torch.arange(400) < 200
    assert evaluate(metric, features[query, None], labels[query],
                    features[~query, None], labels[~query])[key] == 100
    shares = []
    for _ in range(20):
        shuffled = labels[~query][torch.randperm(200, generator=generator)]
        shares.append(
            evaluate(metric, features[query, None], labels[query],
                     features[~query, None], shuffled)[key])
    error = np.std(shares, ddof=1) / len(shares)**0.5
    assert np.mean(shares) == pytest.approx(25, abs=3 * error)


@pytest.mark.parametrize('metric, figure', [
    (VideoRetrievalMetric, 'retrieval/top1'), (KNNMetric, 'knn/top1_k1')])
def test_whitening_is_fitted_on_the_gallery_alone(metric, figure):
    """Against numpy's axes of scikit-learn's covariance, pair by pair."""
    covariance = pytest.importorskip('sklearn.covariance')
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 120)
    # The classes differ where features hardly vary.
    features = rng.normal(size=(120, 8)) * [30, 20, 10, 1, 1, 1, 1, 1]
    features[np.arange(120), 4 + labels] += 2.5
    features += 50
    queries, gallery = features[:40], features[40:]
    fitted = covariance.LedoitWolf().fit(gallery)
    values, axes = np.linalg.eigh(fitted.covariance_)
    white = (features - fitted.location_) @ axes / np.sqrt(values)
    unit = white / np.linalg.norm(white, axis=1, keepdims=True)
    found = labels[40:][np.argmax(unit[:40] @ unit[40:].T, axis=1)]
    expected = 100 * np.mean(found == labels[:40])

    name = 'topk' if metric is VideoRetrievalMetric else 'k'
    results = {
        whiten: evaluate(
            metric(whiten=whiten, **{name: (1, )}), queries[:, None],
            labels[:40], gallery[:, None], labels[40:])[figure]
        for whiten in (False, True)}
    assert results[True] == pytest.approx(expected)
    assert results[True] > results[False] + 20


def test_videos_without_a_role_are_refused():
    metric = VideoRetrievalMetric()
    with pytest.raises(InputError, match='ann_file=dict'):
        metric.process(None, [dict(gt_label=torch.tensor([1]),
                                   clip_features=torch.rand(2, 4))])
