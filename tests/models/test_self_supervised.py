"""What all methods share, counted and compared for each of them."""
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.runner.checkpoint import load_state_dict

from ascnet_mm import InputError
from ascnet_mm.models.memory_bank import BankEntries
from ascnet_mm.models.pretrained import encoder_weights
from ascnet_mm.models.self_supervised import pool

from ..conftest import tiny_batch, tiny_model

MLP = dict(in_channels=4, hidden_channels=6, out_channels=5)
LINEAR = dict(in_channels=4, out_channels=5)
PACE = dict(type='PaceHead', in_channels=4, speeds=(1, 2))
# Each with the speeds of its clips.
METHODS = {
    'ASCNet': (dict(), (1, 2)),
    'symmetric ASCNet': (dict(symmetric=True), (2, 1)),
    'random positives': (dict(memory_bank=dict(
        type='RandomMemoryBank', size=7)), (1, 2)),
    'BYOL': (dict(type='BYOL', byol_head=dict(type='ACPHead', **MLP)),
             (2, 2)),
    'Pace': (dict(type='Pace', pace_head=PACE), (2, )),
    'Pace with contrast': (dict(
        type='Pace', pace_head=PACE,
        same_context_head=dict(type='SameContextHead', **MLP)), (1, 2)),
    'RSPNet': (dict(
        type='RSPNet',
        avid_head=dict(type='AVIDHead', **LINEAR),
        rsp_head=dict(type='RSPHead', **LINEAR),
        memory_bank=dict(size=7)), (1, 1, 2)),
}  # yapf: disable


def make(name):
    """A tiny model in double precision, and the speeds of its clips."""
    options, speeds = METHODS[name]
    if 'type' not in options:
        return tiny_model(**options).double(), speeds
    cfg = dict(
        backbone=dict(type='TinyEncoder'),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', to_float32=False))
    return MODELS.build(dict(cfg, **options)).double(), speeds


def stacked(name):
    batch = tiny_batch([0, 1, 2], [METHODS[name][1]] * 3,
                       torch.Generator().manual_seed(0))
    return torch.stack(batch['inputs']), batch['data_samples']


def fill_bank(model):
    """Enter other videos, of both speeds."""
    if hasattr(model, 'memory_bank'):
        features = torch.nn.functional.normalize(
            torch.randn(2, 6, 5), dim=2).to(next(model.parameters()))
        model.memory_bank.enqueue(
            BankEntries(*features, torch.tensor([1, 2] * 3),
                        torch.arange(100, 106)))


@pytest.mark.parametrize('name', METHODS)
def test_encoder_passes_are_those_that_happen(name):
    model, _ = make(name)
    clips = dict(forward=0, backward=0)

    def forward(module, inputs, output):
        clips['forward'] += len(output)
        if output.requires_grad:
            output.register_hook(backward)

    def backward(gradient):
        clips['backward'] += len(gradient)

    for key in ('backbone', 'target_backbone'):
        if hasattr(model, key):
            getattr(model, key).register_forward_hook(forward)
    total, _ = model.parse_losses(model.loss(*stacked(name)))
    total.backward()
    assert {k: v / 3 for k, v in clips.items()} == model.encoder_passes


@pytest.mark.parametrize('name', METHODS)
def test_gradients_reach_the_online_network_alone(name):
    model, _ = make(name)
    fill_bank(model)
    total, logged = model.parse_losses(model.loss(*stacked(name)))
    total.backward()
    assert logged['loss'] > 0
    for key, parameter in model.named_parameters():
        if 'target' in key:
            assert not parameter.requires_grad and parameter.grad is None
        elif key != 'backbone.conv.bias':  # BatchNorm takes it away
            assert parameter.grad is not None and parameter.grad.any(), key


@pytest.mark.parametrize('name', METHODS)
def test_the_target_is_the_encoder_and_all_projections(name):
    model, _ = make(name)
    if not hasattr(model, 'update_target'):
        assert 'target' not in ' '.join(model.state_dict())
        return
    targets = [p for k, p in model.named_parameters() if 'target' in k]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    model.update_target(1.)
    before = [t.clone() for t in targets]
    model.update_target(0.25)
    assert all(not torch.equal(b, t) for b, t in zip(before, targets))
    model.reset_target()
    online = dict(model.named_parameters())
    for key, target in model.named_parameters():
        if 'target' in key:
            torch.testing.assert_close(target,
                                       online[key.replace('target_', '')])


@pytest.mark.parametrize('name', METHODS)
def test_losses_stay_in_single_precision_under_autocast(name):
    model, _ = make(name)
    model.float()
    fill_bank(model)
    clips, samples = stacked(name)
    torch.manual_seed(0)
    full = model.loss(clips.float(), samples)
    torch.manual_seed(0)
    with torch.autocast('cpu', torch.bfloat16):
        half = model.loss(clips.float(), samples)
    for key, value in half.items():
        assert value.dtype == torch.float32, key
        if 'loss' in key:
            assert value.item() == pytest.approx(
                full[key].item(), rel=0.3, abs=0.05), key


@pytest.mark.parametrize('name', METHODS)
def test_features_are_the_pooled_output_of_backbone(name):
    model, _ = make(name)
    model.eval()
    clips, samples = stacked(name)
    predicted = model.predict(clips, samples)
    expected = model.backbone(clips.flatten(0, 1)).mean(dim=(2, 3, 4))
    torch.testing.assert_close(
        torch.cat([s.clip_features for s in predicted]), expected.float())


@pytest.mark.parametrize('name', METHODS)
def test_projections_are_the_online_ones(name):
    model, _ = make(name)
    model.eval()
    heads = {
        key: head for key, head in model.named_children()
        if hasattr(head, 'target_projection')
    }
    for head in heads.values():
        for parameter in head.target_projection.parameters():
            parameter.data += 1
    clips, samples = stacked(name)
    predicted = model.predict(clips, samples)
    assert {f'{key}_projection' for key in heads} == {
        key for key in set(predicted[0].keys()) if 'projection' in key
    }
    features = model.backbone(clips.flatten(0, 1)).mean(dim=(2, 3, 4))
    for key, head in heads.items():
        torch.testing.assert_close(
            torch.cat([s.get(f'{key}_projection') for s in predicted]),
            head.projection(features).float())


@pytest.mark.parametrize('name', METHODS)
def test_checkpoints_hold_the_encoder_as_backbone(name):
    """For evaluation in another recogniser and for export; all or none."""
    model, _ = make(name)
    other, _ = make('ASCNet')
    state = dict(model.state_dict())
    load_state_dict(other, state)
    assert torch.equal(other.backbone.conv.weight, model.backbone.conv.weight)
    _, weights = encoder_weights(dict(state_dict=state), other.backbone)
    assert torch.equal(weights['conv.weight'], model.backbone.conv.weight)
    state.pop('backbone.conv.bias')
    with pytest.raises(InputError, match='1 missing'):
        load_state_dict(model, state)


@pytest.mark.parametrize('name', [
    name for name, (options, _) in METHODS.items() if 'type' in options])
def test_another_number_of_clips_is_refused(name):
    model, speeds = make(name)
    clips, samples = stacked(name)
    with pytest.raises(InputError, match=r'gives 5 clips .*set pattern=\(0'):
        model.loss(clips[:, :1].expand(-1, 5, -1, -1, -1, -1), samples)


@pytest.mark.parametrize('name', ['Pace with contrast', 'RSPNet'])
def test_a_wrong_feature_dimension_is_named(name):
    model, _ = make(name)
    head = model._head_names[-1]
    getattr(model, head).in_channels = 3
    with pytest.raises(InputError, match=f'model.{head}.in_channels is 3'):
        model.loss(*stacked(name))


def test_pool_averages_space_and_time():
    x = torch.randn(2, 3, 4, 5, 6)
    torch.testing.assert_close(pool(x), x.mean(dim=(2, 3, 4)))
    assert torch.equal(pool(x[:, :, 0, 0, 0]), x[:, :, 0, 0, 0])
    assert pool((x, x[:, :2])).shape == (2, 5)
    token = torch.randn(2, 7)
    assert torch.equal(pool(([x, token], )), token)
