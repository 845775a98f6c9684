import pytest
import torch
from mmaction.evaluation import AccMetric
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample


def sample(label, readable=True):
    sample = ActionDataSample(metainfo=dict(readable=readable))
    return sample.set_gt_label(label)


@pytest.fixture
def recognizer():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ActionRecognizer',
            backbone=dict(type='TinyEncoder'),
            cls_head=dict(
                type='I3DHead', num_classes=7, in_channels=4,
                dropout_ratio=0.5, average_clips='score'))).eval()


def test_scores_are_averaged_over_clips_and_crops(recognizer):
    clips = torch.randn(3, 2, 3, 4, 8, 8)
    # in memory clip by clip, as the preprocessor gives them
    strided = clips.transpose(0, 1).contiguous().transpose(0, 1)
    found = recognizer.predict(strided, [sample(0) for _ in clips])
    for video, result in zip(clips, found):
        pooled = recognizer.backbone(video).mean(dim=(2, 3, 4))
        expected = recognizer.cls_head.fc_cls(pooled).mean(dim=0)
        assert torch.allclose(result.pred_score, expected, atol=1e-6)
        assert result.pred_label.item() == expected.argmax().item()


@pytest.mark.parametrize('half', [False, True])
def test_half_precision_runs_with_channels_last(recognizer, half):
    """For training and for testing; the scores stay."""
    seen = []
    recognizer.backbone.register_forward_pre_hook(
        lambda _, inputs: seen.append(
            inputs[0].is_contiguous(memory_format=torch.channels_last_3d)))
    clips = torch.randn(3, 2, 3, 4, 8, 8)
    strided = clips.transpose(0, 1).contiguous().transpose(0, 1)
    samples = [sample(label) for label in range(3)]
    single = [s.pred_score.clone()
              for s in recognizer.predict(clips, samples)]
    seen.clear()
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16, enabled=half):
        recognizer.loss(clips[:, :1], samples)
        found = recognizer.predict(strided, samples)
    assert seen == [half, half]
    for result, score in zip(found, single):
        assert torch.allclose(result.pred_score, score, atol=0.02)


@pytest.mark.parametrize('label', [0, 3, 6])
def test_an_unreadable_video_is_a_miss_at_every_k(recognizer, label):
    samples = [sample(1), sample(label, readable=False)]
    found = recognizer.predict(torch.randn(1, 2, 3, 4, 8, 8), samples)
    metric = AccMetric(
        metric_options=dict(top_k_accuracy=dict(topk=(1, 5, 6))))
    metric.process(None, [found[1].to_dict()])
    accuracy = metric.evaluate(1)
    assert all(accuracy[f'acc/top{k}'] == 0 for k in (1, 5, 6))


def test_a_batch_without_a_readable_video_passes(recognizer):
    found = recognizer.predict(None, [sample(2, readable=False)])
    assert found[0].pred_label.item() != 2


@pytest.mark.parametrize('half', [torch.bfloat16, torch.float16])
def test_scores_of_half_precision_reach_numpy(recognizer, half):
    """MMAction2 takes the accuracy of a batch there, and AccMetric does."""
    clips = torch.randn(3, 2, 3, 4, 8, 8)
    samples = [sample(label) for label in range(3)]
    with torch.no_grad(), torch.autocast('cpu', half):
        losses = recognizer.loss(clips[:, :1], samples)
        found = recognizer.predict(clips, samples)
    assert 0 <= losses['top1_acc'] <= 1
    metric = AccMetric()
    metric.process(None, [one.to_dict() for one in found])
    assert 'acc/top1' in metric.evaluate(3)


@pytest.mark.parametrize('frozen', [False, True])
def test_encoder_passes_are_those_that_happen(recognizer, frozen):
    recognizer.backbone.requires_grad_(not frozen)
    seen = dict(forward=0, backward=0)

    def forward(module, inputs, output):
        seen['forward'] += len(output)
        if output.requires_grad:
            output.register_hook(backward)

    def backward(gradient):
        seen['backward'] += len(gradient)

    recognizer.backbone.register_forward_hook(forward)
    losses = recognizer.loss(
        torch.randn(3, 1, 3, 4, 8, 8), [sample(label) for label in range(3)])
    losses['loss_cls'].backward()
    assert {k: v / 3 for k, v in seen.items()} == recognizer.encoder_passes


@pytest.mark.parametrize('head', [dict(type='FeatureHead'), None])
def test_without_a_classifier_the_encoder_is_loaded(recognizer, head):
    """As features are extracted with MMAction2's scripts."""
    model = MODELS.build(dict(
        type='ActionRecognizer', backbone=dict(type='TinyEncoder'),
        cls_head=head))
    weights = recognizer.state_dict()
    model.load_state_dict({
        key: value for key, value in weights.items()
        if not key.startswith('cls_head')})
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(value, weights[f'backbone.{key}'])


def test_stages_are_frozen_before_ranks_count_parameters():
    model = MODELS.build(
        dict(
            type='ActionRecognizer',
            backbone=dict(
                type='ResNet3dSlowOnly', depth=18, pretrained=None,
                base_channels=4, frozen_stages=3),
            cls_head=dict(type='I3DHead', num_classes=7, in_channels=32)))
    assert {name.partition('.')[0]
            for name, weight in model.backbone.named_parameters()
            if weight.requires_grad} == {'layer4'}
