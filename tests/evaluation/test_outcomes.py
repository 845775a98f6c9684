"""What the metrics say of each video."""
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.evaluation import (
    EffectiveRankMetric,
    KNNMetric,
    LinearProbeMetric,
    PairedSpeedProbeMetric,
    RidgeProbeMetric,
    SameVideoRetrievalMetric,
    SpeedProbeMetric,
    VideoAccuracyMetric,
    VideoRetrievalMetric,
)

LABELS = [0, 0, 0, 0, 0, 2, 2, 3]


def labeled(metric):
    """A metric that has judged eight queries, one of which is unreadable."""
    generator = torch.Generator().manual_seed(0)
    for role in ('gallery', 'query'):
        for number, label in enumerate(LABELS):
            clips = torch.randn(2, 5, generator=generator)
            clips[:, label] += 1.5
            sample = dict(
                filename=f'{role}/{number}.mp4', role=role,
                gt_label=torch.tensor([label]), clip_features=clips)
            if (role, number) == ('query', 5):
                del sample['clip_features']
            metric.process(None, [sample])
    return metric.evaluate(2 * len(LABELS))


@pytest.mark.parametrize('metric, name', [
    (VideoRetrievalMetric(topk=(1, 3)), 'retrieval/top3'),
    (VideoRetrievalMetric(topk=(1, 3), whiten=True), 'retrieval/top1'),
    (KNNMetric(k=(3, )), 'knn/top1_k3'),
    (LinearProbeMetric(epochs=20, milestones=()), 'linear/top1')])
def test_a_figure_is_the_mean_of_its_outcomes(metric, name):
    result = labeled(metric)
    outcomes = metric.outcomes
    assert outcomes['videos'] == [f'query/{i}.mp4' for i in range(8)]
    assert outcomes['labels'] == LABELS
    shares = outcomes['figures'][name.partition('/')[2]]
    assert set(shares) == {0, 1} and shares[5] == 0
    assert result[name] == 100 * sum(shares) / 8
    for key in outcomes['figures']:
        assert f'{metric.prefix}/{key}' in result


def test_macro_is_the_mean_over_classes():
    metric = VideoRetrievalMetric(topk=(1, ))
    result = labeled(metric)
    shares = metric.outcomes['figures']['top1']
    expected = {0: 20 * sum(shares[:5]), 2: 50 * sum(shares[5:7]),
                3: 100 * shares[7]}
    assert metric.outcomes['classes'] == {'top1': pytest.approx(expected)}
    assert result['retrieval/top1_macro'] == pytest.approx(
        sum(expected.values()) / 3)
    assert result['retrieval/top1_macro'] != result['retrieval/top1']


@pytest.mark.parametrize('metric, figure', [
    (SpeedProbeMetric(), 'accuracy'), (PairedSpeedProbeMetric(), 'accuracy'),
    (SameVideoRetrievalMetric(), 'top1')])
def test_so_it_is_without_labels(metric, figure):
    clips = torch.randn(20, 6, 4, generator=torch.Generator().manual_seed(0))
    samples = [
        dict(filename=f'{number}.mp4', role='query', clip_features=video,
             speeds=(1, 2) * 3) for number, video in enumerate(clips)]
    # Neither is judged.
    samples[3] = dict(filename='3.mp4', role='query')
    samples[7]['role'] = 'gallery'
    metric.process(None, samples)
    result = metric.evaluate(20)
    outcomes = metric.outcomes
    assert outcomes['videos'] == [
        f'{number}.mp4' for number in range(20) if number not in (3, 7)]
    assert outcomes['labels'] is None
    [(name, shares)] = outcomes['figures'].items()
    assert name == figure and set(shares) <= {n / 6 for n in range(7)}
    assert len(set(shares)) > 2
    assert result[f'{metric.prefix}/{figure}'] == pytest.approx(
        100 * sum(shares) / 18)


def test_what_is_no_mean_over_videos_has_no_outcomes():
    metric = EffectiveRankMetric()
    metric.process(None, [
        dict(clip_features=clips, role='query')
        for clips in torch.rand(8, 2, 3)])
    metric.evaluate(8)
    assert metric.outcomes == {}


def test_outcomes_of_a_classifier_are_those_of_its_scores():
    metric = VideoAccuracyMetric(
        metric_options=dict(top_k_accuracy=dict(topk=(1, 2))))
    scores = torch.rand(8, 4, generator=torch.Generator().manual_seed(0))
    metric.process(None, [
        dict(filename=f'{number}.mp4', pred_score=row, readable=number != 2,
             gt_label=torch.tensor([label]))
        for number, (row, label) in enumerate(zip(scores, LABELS))])
    result = metric.evaluate(8)
    ranks = [int((row > row[label]).sum())
             for row, label in zip(scores, LABELS)]
    for k in (1, 2):
        expected = [float(rank < k and number != 2)
                    for number, rank in enumerate(ranks)]
        assert metric.outcomes['figures'][f'top{k}'] == expected
        assert result[f'acc/top{k}'] == pytest.approx(sum(expected) / 8)
    assert metric.outcomes['videos'][7] == '7.mp4'
    assert metric.outcomes['labels'] == LABELS


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('metric', [
    VideoRetrievalMetric, KNNMetric, LinearProbeMetric, RidgeProbeMetric,
    SpeedProbeMetric, PairedSpeedProbeMetric, SameVideoRetrievalMetric,
    EffectiveRankMetric])
def test_features_of_a_network_that_diverged_are_refused(metric, value):
    """Figures made of them would look like those of a poor encoder."""
    clips = torch.rand(2, 5)
    clips[1, 3] = value
    with pytest.raises(InputError, match=f'{metric.__name__}: the features of '
                       'v/x.mp4 hold NaN'):
        metric().process(None, [dict(
            filename='v/x.mp4', role='query', gt_label=torch.tensor([0]),
            clip_features=clips)])
