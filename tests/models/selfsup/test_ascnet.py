import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from ascnet_mm import InputError
from ascnet_mm.models.memory_bank import BankEntries

from ...conftest import tiny_batch, tiny_model
from ...helpers.processes import spawn


def samples(count):
    return [
        ActionDataSample(metainfo=dict(video_id=i, speeds=(1, 2)))
        for i in range(count)
    ]


# Two of MMAction2's, beside R3D: the clip it takes, and its feature's size.
HOST_BACKBONES = {
    'convolutional': (dict(
        type='ResNet3dSlowOnly', depth=18, base_channels=4, conv1_kernel=(
            1, 7, 7), inflate=(0, 0, 1, 1), pretrained2d=False), 32),
    'transformer': (dict(
        type='VisionTransformer', img_size=32, num_frames=4, embed_dims=24,
        depth=2, num_heads=2), 24),
    'two pathways': (dict(
        type='ResNet3dSlowFast', resample_rate=4, speed_ratio=4,
        channel_ratio=2,
        slow_pathway=dict(
            type='resnet3d', depth=18, lateral=True, base_channels=4,
            fusion_kernel=5, conv1_kernel=(1, 7, 7), pretrained=None,
            inflate=(0, 0, 1, 1)),
        fast_pathway=dict(
            type='resnet3d', depth=18, lateral=False, base_channels=2,
            conv1_kernel=(5, 7, 7), pretrained=None)), 48),
}  # yapf: disable


@pytest.mark.parametrize('name', HOST_BACKBONES)
def test_mmaction2s_backbones_are_encoders(name):
    backbone, dim = HOST_BACKBONES[name]
    head = dict(in_channels=dim, hidden_channels=6, out_channels=5)
    model = tiny_model(
        backbone=backbone,
        acp_head=dict(type='ACPHead', **head),
        scp_head=dict(type='SCPHead', **head))
    model.init_weights()
    frames = 16 if name == 'two pathways' else 4
    clips = torch.randn(3, 2, 3, frames, 32, 32)
    for half in (True, False):
        with torch.autocast('cpu', torch.bfloat16, enabled=half):
            losses = model.loss(clips, samples(3))
        total, _ = model.parse_losses(losses)
        total.backward()
    assert any(p.grad is not None and p.grad.any()
               for p in model.backbone.parameters())
    assert not any(p.requires_grad for p in model.target_backbone.parameters())
    predicted = model.eval().predict(clips, samples(3))
    assert predicted[0].clip_features.shape == (2, dim)


def test_a_wrong_feature_dimension_is_named():
    model = tiny_model(backbone=dict(type='R3D', base_channels=2))
    with pytest.raises(InputError, match='dimension 16, model.acp_head.in_'
                                         'channels is 4'):
        model.loss(torch.randn(2, 2, 3, 4, 16, 16), samples(2))


@pytest.mark.parametrize('gamma', [-0.1, 1.1, float('nan')])
def test_gamma_outside_0_to_1_is_refused(gamma):
    with pytest.raises(InputError, match='model.gamma'):
        tiny_model(gamma=gamma)


def test_heads_whose_projections_differ_in_size_are_refused():
    heads = {
        name: dict(type=kind, in_channels=32, hidden_channels=16,
                   out_channels=size)
        for name, kind, size in (('acp_head', 'ACPHead', 8),
                                 ('scp_head', 'SCPHead', 12))
    }
    with pytest.raises(InputError, match='is 8 and .* is 12'):
        tiny_model(**heads)


def test_encoder_weights_are_named_backbone():
    keys = tiny_model().state_dict()
    encoder = [k for k in keys if k.startswith('backbone.')]
    assert encoder == [
        f'backbone.{k}'
        for k in MODELS.build(dict(type='TinyEncoder')).state_dict()
    ]
    assert not any('bank' in key for key in keys)


@pytest.mark.parametrize('half', [True, False])
def test_half_precision_runs_with_channels_last(half):
    """Of both networks; the weights stay as they are. What a convolution makes
    of it is torch's choice, which the processor decides.
    """
    head = dict(in_channels=16, hidden_channels=6, out_channels=5)
    model = tiny_model(
        backbone=dict(type='R3D', base_channels=2),
        acp_head=dict(type='ACPHead', **head),
        scp_head=dict(type='SCPHead', **head))
    for encoder in (model.backbone, model.target_backbone):
        seen = []
        encoder.register_forward_pre_hook(
            lambda _, inputs, seen=seen: seen.extend(inputs))
        with torch.autocast('cpu', torch.bfloat16, enabled=half):
            model.encode(torch.randn(2, 3, 16, 64, 64), encoder)
        assert half == seen[0].is_contiguous(
            memory_format=torch.channels_last_3d)
        assert all(p.is_contiguous() for p in encoder.parameters())


def test_the_target_starts_as_a_copy_and_moves_by_the_formula():
    model = tiny_model(backbone=dict(type='R3D', base_channels=2))
    model.init_weights()
    pairs = [(t, o) for target, online in model._networks()
             for t, o in zip(target.parameters(), online.parameters())]
    assert len(pairs) > 10
    assert all(torch.equal(t, o) for t, o in pairs)
    old = [t.clone() for t, _ in pairs]
    with torch.no_grad():
        for _, o in pairs:
            o.add_(torch.randn_like(o))
    model.update_target(0.9)
    for before, (t, o) in zip(old, pairs):
        torch.testing.assert_close(t, 0.9 * before + 0.1 * o)


def test_symmetric_is_the_mean_of_both_directions():
    batch = tiny_batch([0, 1, 2, 3], [(1, 2), (2, 1), (1, 2), (2, 1)],
                       torch.Generator().manual_seed(0))
    clips = torch.stack(batch['inputs'])
    model = tiny_model(symmetric=True).double().eval()
    both = model.loss(clips, batch['data_samples'])['loss_acp']
    assert len(model.take_bank_entries().speeds) == 8
    model.symmetric = False
    one = model.loss(clips, batch['data_samples'])['loss_acp']
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(speeds=sample.speeds[::-1]))
    other = model.loss(clips.flip(1), batch['data_samples'])['loss_acp']
    torch.testing.assert_close(both, (one + other) / 2)


def _both_directions(rows):
    """L_m of some of six videos; the bank has nothing at 1x for most."""
    torch.manual_seed(0)
    model = tiny_model(symmetric=True).double().eval()
    generator = torch.Generator().manual_seed(0)
    batch = tiny_batch(list(range(6)), [(1, 2), (2, 1)] + [(1, 2)] * 4,
                       generator)
    entries = torch.nn.functional.normalize(
        torch.randn(2, 2, 5, generator=generator, dtype=torch.float64), dim=2)
    model.memory_bank.enqueue(
        BankEntries(*entries, torch.tensor([2, 2]), torch.tensor([8, 9])))
    return model.loss(
        torch.stack([batch['inputs'][row] for row in rows]),
        [batch['data_samples'][row] for row in rows])['loss_scp'].item()


def _on_one_of_two_ranks(rank, rendezvous, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    init_default_scope('mmaction')
    loss = _both_directions(range(rank, 6, 2))
    torch.save(loss, f'{folder}/{rank}.pth')
    torch.distributed.destroy_process_group()


def test_both_directions_on_two_ranks_are_one_process(tmp_path):
    spawn(
        _on_one_of_two_ranks,
        args=(str(tmp_path / 'rendezvous'), str(tmp_path)),
        nprocs=2)
    # The ranks' gradients are averaged, and so is the loss.
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]
    assert sum(ranks) / 2 == pytest.approx(_both_directions(range(6)))


def test_weights_of_another_encoder_are_refused():
    from mmengine.runner.checkpoint import load_state_dict
    model = tiny_model()
    state = dict(model.state_dict())
    state['backbone.conv.weight'] = torch.zeros(4, 3, 1, 1, 1)
    state['backbone.extra'] = state.pop('backbone.conv.bias')
    with pytest.raises(InputError) as error:
        load_state_dict(model, state)
    for part in ('1 missing (backbone.conv.bias)',
                 '1 surplus (backbone.extra)',
                 'conv.weight (4, 3, 1, 1, 1) instead of (4, 3, 3, 3, 3)'):
        assert part in str(error.value)
    load_state_dict(model, model.state_dict(), strict=True)
