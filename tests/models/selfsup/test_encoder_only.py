import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.runner.checkpoint import load_state_dict

from ascnet_mm import InputError

from ...conftest import tiny_model


def encoder_only():
    return MODELS.build(dict(
        type='EncoderOnly', backbone=dict(type='TinyEncoder'))).eval()


def test_features_are_those_of_the_model_that_trained_it(capsys):
    trained, model = tiny_model().eval(), encoder_only()
    load_state_dict(model, trained.state_dict())
    assert 'unexpected' not in ''.join(capsys.readouterr())
    clips = torch.rand(2, 3, 3, 2, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(
            model.extract_feat(clips)[0], trained.extract_feat(clips)[0],
            rtol=0, atol=0)
        [sample] = model.predict(clips[:1], [ActionDataSample()])
    assert sample.clip_features.shape == (3, 4)


def test_unreadable_videos_pass_a_preprocessor_of_mmaction2():
    model = MODELS.build(dict(
        type='EncoderOnly', backbone=dict(type='TinyEncoder'),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[1.] * 3, std=[2.] * 3,
            format_shape='NCTHW'))).eval()
    clips = torch.randint(0, 256, (2, 1, 3, 2, 4, 4), dtype=torch.uint8)

    def features(*inputs):
        samples = [ActionDataSample() for _ in inputs]
        return [sample.get('clip_features') for sample in model.test_step(
            dict(inputs=list(inputs), data_samples=samples))]

    first, second = features(*clips)
    nothing, one, nothing_again, two = features(None, clips[0], None, clips[1])
    assert nothing is None and nothing_again is None
    assert torch.equal(one, first) and torch.equal(two, second)
    assert features(None, None) == [None, None]


def test_another_encoder_is_refused():
    with pytest.raises(InputError, match='another encoder'):
        load_state_dict(encoder_only(), {'backbone.conv.weight':
                                         torch.ones(1)})


def test_it_cannot_be_trained():
    with pytest.raises(InputError, match='no heads'):
        encoder_only().loss(torch.rand(1, 2, 3, 2, 4, 4), [])
