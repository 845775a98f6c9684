import pytest
import torch
from mmaction.evaluation import AccMetric
from mmaction.structures import ActionDataSample

from ascnet_mm.evaluation import VideoAccuracyMetric

from ..models.test_recognizer import recognizer, sample  # noqa: F401


def evaluate(metric, samples):
    for part in (samples[:3], samples[3:]):
        metric.process(None, [video.to_dict() for video in part])
    return metric.evaluate(len(samples))


def scored(classes, label, generator):
    video = ActionDataSample().set_gt_label(label)
    return video.set_pred_score(torch.rand(classes, generator=generator))


@pytest.mark.parametrize('classes', [3, 9])
def test_it_is_mmaction2s_where_all_can_be_read(classes):
    generator = torch.Generator().manual_seed(0)
    samples = [scored(classes, n % classes, generator) for n in range(20)]
    assert evaluate(VideoAccuracyMetric(), samples) == evaluate(
        AccMetric(), samples)


@pytest.mark.parametrize('unreadable', [1, 4])
def test_an_unreadable_video_is_a_miss_also_among_few_classes(
        unreadable, recognizer):  # noqa: F811
    recognizer.cls_head.num_classes = 3
    generator = torch.Generator().manual_seed(0)
    lost = recognizer.predict(None, [
        sample(n % 3, readable=False) for n in range(unreadable)])
    samples = [scored(3, n % 3, generator) for n in range(4 - unreadable)]
    found = evaluate(VideoAccuracyMetric(), samples + lost)
    hits = sum(int(s.pred_score.argmax() == s.gt_label) for s in samples)
    assert found['acc/top1'] == pytest.approx(hits / 4)
    assert found['acc/top5'] == pytest.approx(len(samples) / 4)
    assert found['acc/mean1'] == pytest.approx(
        evaluate(AccMetric(), samples + lost)['acc/mean1'])
