import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.evaluation import RidgeProbeMetric


def videos(count, seed, clips=3, size=4, classes=5):
    """Each class has its value at one place of one clip."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    features = rng.normal(size=(count, clips, size)) * [1, 10, 0.1, 1]
    flat = features.reshape(count, -1)
    flat[np.arange(count), 2 * labels] += 2 * flat.std(axis=0)[2 * labels]
    return features, labels


def evaluate(metric, train, test):
    metric.process(None, [
        dict(clip_features=torch.from_numpy(clips), gt_label=int(label),
             role=role)
        for role, (features, labels) in (('gallery', train), ('query', test))
        for clips, label in zip(features, labels)])
    return metric.evaluate(len(train[0]) + len(test[0]))


@pytest.mark.parametrize('count', [8, 60])  # fewer and more than dimensions
@pytest.mark.parametrize('pooling', ['concat', 'mean'])
def test_it_is_scikit_learns_ridge(count, pooling):
    linear_model = pytest.importorskip('sklearn.linear_model')
    train, test = videos(count, 0), videos(50, 1)
    result = evaluate(
        RidgeProbeMetric(pooling=pooling, penalty=0.3), train, test)
    x, z = (part[0].reshape(len(part[0]), -1) if pooling == 'concat' else
            part[0].mean(axis=1) for part in (train, test))
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x, z = (x - mean) / deviation, (z - mean) / deviation
    # The mean squared length of standardized features is their dimension.
    fitted = linear_model.Ridge(alpha=0.3 * x.shape[1]).fit(
        x, np.eye(5)[train[1]])
    right = fitted.predict(z).argmax(axis=1) == test[1]
    assert 0 < right.mean() < 1
    assert result['ridge/top1'] == pytest.approx(100 * right.mean())


def test_joined_clips_say_when_and_their_mean_does_not():
    """Two classes that differ in which clip comes first."""
    rng = np.random.default_rng(0)

    def ordered(count):
        labels = rng.integers(0, 2, count)
        early, late = rng.normal(size=(2, count, 4)) + [[[3.]], [[0.]]]
        clips = np.stack([early, late], axis=1)
        clips[labels == 1] = clips[labels == 1][:, ::-1]
        return clips, labels

    train, test = ordered(80), ordered(60)
    joined = evaluate(RidgeProbeMetric(pooling='concat'), train, test)
    averaged = evaluate(RidgeProbeMetric(pooling='mean'), train, test)
    assert joined['ridge/top1'] > 95
    assert averaged['ridge/top1'] < 70


def test_an_impossible_penalty_is_refused():
    with pytest.raises(InputError, match='penalty'):
        RidgeProbeMetric(penalty=0)
