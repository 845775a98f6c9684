import pytest
import torch
import torch.nn.functional as F

from ascnet_mm import InputError
from ascnet_mm.evaluation import LinearProbeMetric
from ascnet_mm.evaluation.functional import train_linear


def samples(role, classes, videos, seed, spread=0.3):
    """Videos of different numbers of clips about their class's center."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for index in range(videos):
        clips = 1 + index % 3
        features = 3 * F.one_hot(torch.tensor(index % classes), 8).float()
        features = features + spread * torch.randn(
            clips, 8, generator=generator)
        out.append(
            dict(
                clip_features=features.relu(),
                gt_label=torch.tensor([index % classes]),
                role=role))
    return out


def evaluate(metric, *parts):
    batch = sum(parts, [])
    with torch.no_grad():  # as in the test loop
        metric.process(None, batch)
        return metric.evaluate(len(batch))


def by_hand(gallery, classes, epochs, lr, momentum, milestones, batch_size,
            seed):
    """SGD on softmax regression, gradients written out."""
    x = torch.cat([s['clip_features'] for s in gallery])
    y = torch.cat([s['gt_label'].expand(len(s['clip_features']))
                   for s in gallery])
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(classes, 8, generator=generator) * 0.01
    bias = torch.zeros(classes)
    steps = [torch.zeros_like(weight), torch.zeros_like(bias)]
    for epoch in range(epochs):
        rate = lr * 0.1**sum(epoch >= m for m in milestones)
        order = torch.randperm(len(x), generator=generator)
        for i in range(0, len(x), batch_size):
            rows = order[i:i + batch_size]
            error = (x[rows] @ weight.T + bias).softmax(1)
            error = (error - F.one_hot(y[rows], classes)) / len(rows)
            steps[0] = momentum * steps[0] + error.T @ x[rows]
            steps[1] = momentum * steps[1] + error.sum(0)
            weight, bias = weight - rate * steps[0], bias - rate * steps[1]
    return weight, bias


def test_training_is_plain_sgd_on_all_clips_without_decay():
    gallery = samples('gallery', 7, 40, seed=0, spread=4.)
    options = dict(
        epochs=5, lr=0.05, momentum=0.8, milestones=(2, 4), batch_size=16,
        seed=3)
    metric = LinearProbeMetric(**options)
    layer = train_linear(
        torch.cat([s['clip_features'] for s in gallery]),
        torch.cat([s['gt_label'].expand(len(s['clip_features']))
                   for s in gallery]), **options)
    weight, bias = by_hand(gallery, 7, **options)
    torch.testing.assert_close(layer(torch.eye(8)) - bias, weight.T)
    torch.testing.assert_close(layer(torch.zeros(1, 8))[0], bias)

    queries = samples('query', 7, 30, seed=1, spread=4.)
    result = evaluate(metric, gallery, queries)
    ranks = []
    for query in queries:
        scores = torch.stack(
            [weight @ clip + bias for clip in query['clip_features']]).mean(0)
        ranks.append((scores > scores[query['gt_label']]).sum().item())
    for k in (1, 5):
        right = sum(rank < k for rank in ranks)
        assert 0 < right < 30
        assert result[f'linear/top{k}'] == pytest.approx(100 * right / 30)


def test_separable_videos_are_all_told_apart():
    result = evaluate(LinearProbeMetric(epochs=10, milestones=(6, 8)),
                      samples('gallery', 6, 60, seed=0),
                      samples('query', 6, 30, seed=1))
    assert result == {
        'linear/top1': 100, 'linear/top5': 100, 'linear/top1_macro': 100,
        'linear/top5_macro': 100, 'linear/queries': 30, 'linear/gallery': 60,
        'linear/unreadable': 0}  # yapf: disable


def test_standardized_features_have_no_scale():
    parts = (samples('gallery', 6, 60, seed=0, spread=4.),
             samples('query', 6, 40, seed=1, spread=4.))

    def scaled(scale, shift):
        return [[
            dict(s, clip_features=scale * s['clip_features'] + shift)
            for s in part
        ] for part in parts]

    options = dict(epochs=8, milestones=(6, ), batch_size=16)
    scale, shift = torch.logspace(-3, 3, 8), torch.linspace(-5, 5, 8)
    standardized = [
        evaluate(LinearProbeMetric(standardize=True, **options), *part)
        for part in (parts, scaled(scale, shift))
    ]
    assert standardized[0] == standardized[1]
    assert 20 < standardized[0]['linear/top1'] < 90

    clips = torch.cat([s['clip_features'] for s in parts[0]])
    deviation, mean = torch.std_mean(clips, dim=0, correction=0)
    by_hand = scaled(1 / deviation, -mean / deviation)
    assert evaluate(LinearProbeMetric(**options), *by_hand) == standardized[0]
    assert evaluate(LinearProbeMetric(**options), *parts) != standardized[0]


@pytest.mark.parametrize('constant', [0., 1 / 3, 1000.])
def test_a_dimension_that_the_gallery_does_not_vary_in_decides_nothing(
        constant):
    """Its weights stay as they were drawn."""
    def with_constant(part, change):
        return [dict(s, clip_features=torch.cat([
            s['clip_features'],
            torch.full((len(s['clip_features']), 1), constant + change)
        ], dim=1)) for s in part]

    gallery, queries = (samples('gallery', 8, 64, seed=0),
                        samples('query', 8, 80, seed=1))
    options = dict(epochs=20, batch_size=16, standardize=True)
    expected = evaluate(LinearProbeMetric(**options), gallery, queries)
    assert expected['linear/top1'] > 90
    found = evaluate(
        LinearProbeMetric(**options), with_constant(gallery, 0.),
        with_constant(queries, 1e-3))
    assert found['linear/top1'] > 90


def test_few_classes_unseen_classes_and_unreadable_queries():
    queries = samples('query', 4, 8, seed=1)  # class 3 is not in the gallery
    missing = dict(gt_label=torch.tensor([0]), role='query')
    result = evaluate(LinearProbeMetric(epochs=5),
                      samples('gallery', 3, 30, seed=0), queries,
                      [missing, missing])
    assert result['linear/top1'] == 60 and result['linear/top5'] == 60


def test_the_seed_alone_decides():
    parts = (samples('gallery', 7, 40, seed=0, spread=3.),
             samples('query', 7, 200, seed=1, spread=3.))
    options = dict(epochs=2, batch_size=8)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = evaluate(LinearProbeMetric(**options), *parts)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert evaluate(LinearProbeMetric(**options), *parts) == first
    assert evaluate(LinearProbeMetric(seed=1, **options), *parts) != first


@pytest.mark.parametrize('options', [
    dict(epochs=0), dict(batch_size=0), dict(lr=0.)])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=list(options)[0]):
        LinearProbeMetric(**options)


def test_a_training_that_diverges_is_refused():
    """Its scores would be NaN, and every answer the first class."""
    parts = (samples('gallery', 3, 12, seed=0), samples('query', 3, 6, seed=1))
    huge = [[dict(s, clip_features=1e30 * s['clip_features'])
             for s in part] for part in parts]
    with pytest.raises(InputError, match='diverged .*standardize=True'):
        evaluate(LinearProbeMetric(), *huge)
    result = evaluate(LinearProbeMetric(standardize=True), *huge)
    assert result['linear/top1'] == 100
