"""What all methods share, counted and compared for each of them."""
from copy import deepcopy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.runner.checkpoint import load_state_dict

from ascnet_mm import InputError
from ascnet_mm.compat.padded_conv3d import PaddedConv3d
from ascnet_mm.models.checkpoints import encoder_weights
from ascnet_mm.models.memory_bank import BankEntries
from ascnet_mm.models.selfsup.base import pool
from ascnet_mm.yuv420 import ColorCoding, Yuv420

from ...conftest import tiny_batch, tiny_model, train_on

MLP = dict(in_channels=4, hidden_channels=6, out_channels=5)
LINEAR = dict(in_channels=4, out_channels=5)
PACE = dict(type='PaceHead', in_channels=4, speeds=(1, 2))
ORDER = dict(type='ClipOrderHead', in_channels=4, hidden_channels=6)
PERMUTATION = dict(type='PermutationHead', in_channels=4, hidden_channels=6,
                   permutations=2)
# What three samples say, beside their seeds, to learners of an order and of
# what was done to a clip
ORDERS = {
    3: [(0, 2, 1), (2, 1, 0), (1, 2, 0)],
    4: [(0, 2, 1, 3), (3, 2, 1, 0), (1, 2, 0, 3)],
}
OPERATIONS = ['rotation', 'remote', 'tiles']
# Each with the speeds of its clips.
METHODS = {
    'ASCNet': (dict(), (1, 2)),
    'symmetric ASCNet': (dict(symmetric=True), (2, 1)),
    'random positives': (dict(memory_bank=dict(
        type='RandomMemoryBank', size=7)), (1, 2)),
    'ASCNetPlus': (dict(
        type='ASCNetPlus', acp_head=dict(type='ACPHead', **MLP),
        scp_head=dict(type='SCPHead', **MLP), terms=dict(
            contrast=dict(type='InstanceContrast'),
            ranking=dict(type='SpeedRanking'),
            order=dict(type='SpeedOrder', in_channels=4),
            pace=dict(type='SpeedClassification', in_channels=4),
            directions=dict(type='DirectionPenalty', channels=4),
            covariance=dict(type='CovariancePenalty', channels=5)),
        memory_bank=dict(size=7)), (1, 2)),
    'BYOL': (dict(type='BYOL', byol_head=dict(type='ACPHead', **MLP)),
             (2, 2)),
    'Pace': (dict(type='Pace', pace_head=PACE), (2, )),
    'Pace with contrast': (dict(
        type='Pace', pace_head=PACE,
        same_context_head=dict(type='SameContextHead', **MLP)), (1, 2)),
    'InfoNCE': (dict(
        type='InfoNCE', nce_head=dict(type='InfoNCEHead', **LINEAR),
        memory_bank=dict(size=7)), (1, 2)),
    'CoCLR': (dict(
        type='CoCLR', nce_head=dict(type='CoCLRHead', **LINEAR), topk=2,
        memory_bank=dict(size=7)), (1, 2, 2)),
    'RSPNet': (dict(
        type='RSPNet',
        avid_head=dict(type='InstanceHead', **LINEAR),
        rsp_head=dict(type='RSPHead', **LINEAR),
        memory_bank=dict(size=7)), (1, 1, 2)),
    'ClipOrder': (dict(type='ClipOrder', clip_order_head=ORDER), (1, 1, 1)),
    'OPN': (dict(
        type='OPN', clip_order_head=dict(ORDER, clips=4, reversible=True)),
        (1, 1, 1, 1)),
    'Buechler': (dict(
        type='Buechler', space_head=dict(PERMUTATION, pieces=4),
        time_head=dict(PERMUTATION, pieces=2)), (1, )),
    'CBT': (dict(type='CBT', cbt_head=dict(
        type='CBTHead', in_channels=4, clips=3, hidden_channels=8,
        attention_heads=2)), (1, 1, 1)),
    'VCP': (dict(
        type='VCP', vcp_head=dict(type='VCPHead', in_channels=4)), (1, 1, 1)),
    'SpeedNet': (dict(
        type='SpeedNet',
        speed_head=dict(type='SpeedHead', in_channels=4)), (1.1, 2.)),
    'MemDPC': (dict(
        type='MemDPC', blocks=6, memdpc_head=dict(
            type='MemDPCHead', in_channels=4, slots=7, steps=2,
            dropout=0)), (1, ) * 6),
}  # yapf: disable
# Whose clips SpeedPairedSampleFrames chooses
PAIRED = ('ASCNet', 'ASCNetPlus', 'BYOL', 'CoCLR', 'InfoNCE', 'Pace',
          'RSPNet')


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
    clips, samples = torch.stack(batch['inputs']), batch['data_samples']
    for number, sample in enumerate(samples):
        sample.set_metainfo(dict(
            sample_seed=7 + number, operation=OPERATIONS[number]))
        if clips.shape[1] in ORDERS:
            sample.set_metainfo(dict(order=ORDERS[clips.shape[1]][number]))
    return clips, samples


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
    inputs, samples = stacked(name)
    clips = dict(forward=0, backward=0)

    def forward(module, seen, output):
        # A clip may come in pieces.
        count = seen[0].numel() / inputs[0, 0].numel()
        clips['forward'] += count
        if output.requires_grad:
            output.register_hook(lambda gradient: backward(count))

    def backward(count):
        clips['backward'] += count

    for key in ('backbone', 'target_backbone', 'other_backbone'):
        if hasattr(model, key):
            getattr(model, key).register_forward_hook(forward)
    total, _ = model.parse_losses(model.loss(inputs, samples))
    total.backward()
    assert {k: v / 3 for k, v in clips.items()} == model.encoder_passes


@pytest.mark.parametrize(
    'name', [name for name in PAIRED if name != 'BYOL'])
def test_clips_without_speeds_are_refused(name):
    clips, samples = stacked(name)
    for sample in samples:
        del sample.speeds
    with pytest.raises(
            InputError, match='SpeedPairedSampleFrames has to choose them'):
        make(name)[0].loss(clips, samples)


@pytest.mark.parametrize('name', METHODS)
def test_gradients_reach_the_online_network_alone(name):
    model, _ = make(name)
    fill_bank(model)
    total, logged = model.parse_losses(model.loss(*stacked(name)))
    total.backward()
    assert logged['loss'] > 0
    for key, parameter in model.named_parameters():
        if key.startswith('other_') or 'target' in key:
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
    # Of a copy: averages in a term move with each step.
    full = deepcopy(model).loss(clips.float(), samples)
    torch.manual_seed(0)
    # As BFloat16OptimWrapper does
    with torch.autocast('cpu', torch.bfloat16), PaddedConv3d():
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


def loaded(planes):
    """A batch of two videos of seven clips, and one that is unreadable."""
    generator = torch.Generator().manual_seed(0)
    shape = (7, 2, 12, 8) if planes else (7, 3, 2, 8, 8)
    meta = dict(yuv420=Yuv420(
        tuple((2 * (clip % 2), 0, 4, 8 - 2 * (clip % 3))
              for clip in range(7)),
        tuple(clip % 2 == 0 for clip in range(7)), (8, 8),
        ColorCoding(False, False, (0., 0.5))))
    clips = [torch.randint(256, shape, generator=generator).byte()
             for _ in range(2)]
    return dict(
        inputs=[clips[0], None, clips[1]],
        data_samples=[
            ActionDataSample(metainfo=dict(
                meta if planes else {}, readable=readable))
            for readable in (True, False, True)
        ])  # yapf: disable


@pytest.mark.parametrize('views', [1, 4, 6, 14, 100])
@pytest.mark.parametrize('planes', [True, False])
def test_views_are_preprocessed_a_few_at_a_time(planes, views, monkeypatch):
    """The same as all at once, whatever is said of each clip."""
    model = tiny_model(
        data_preprocessor=dict(
            type='ClipDataPreprocessor', mean=[120, 110, 100],
            std=[60, 61, 62])).eval()
    with torch.no_grad():
        whole = model.test_step(loaded(planes))
        model.test_cfg = dict(max_testing_views=views)
        seen = []
        preprocess = model.data_preprocessor.preprocess

        def spy(inputs, samples, *args):
            seen.append(sum(len(clips) for clips in inputs if clips is not
                            None))
            return preprocess(inputs, samples, *args)

        monkeypatch.setattr(model.data_preprocessor, 'preprocess', spy)
        found = model.test_step(loaded(planes))
        assert sum(seen) == 14 and max(seen) <= max(views, 2)
        again = model.val_step(loaded(planes))
    for one, *others in zip(whole, found, again):
        for other in others:
            assert one.metainfo == other.metainfo
            assert set(one.keys()) == set(other.keys())
            for key, value in one.items():
                torch.testing.assert_close(
                    other.get(key), value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('views', [None, 4])
def test_a_batch_of_different_numbers_of_clips_is_refused(views):
    model = tiny_model(test_cfg=views and dict(max_testing_views=views))
    data = loaded(False)
    data['inputs'][2] = data['inputs'][2][:6]
    with pytest.raises(InputError, match='6 to 7 clips.*batch_size=1'):
        model.test_step(data)


def test_a_video_in_views_has_the_same_features_bit_for_bit():
    """As when all its clips are preprocessed at once."""
    model = tiny_model(
        test_cfg=dict(max_testing_views=3),
        data_preprocessor=dict(
            type='ClipDataPreprocessor', mean=[120, 110, 100],
            std=[60, 61, 62])).eval()
    data = {key: values[:1] for key, values in loaded(False).items()}
    with torch.no_grad():
        [found] = model.test_step(deepcopy(data))
        ready = model.data_preprocessor(data, False)
        [expected] = model.predict(**ready)
    for key, value in expected.items():
        assert torch.equal(found.get(key), value), key


def test_a_batch_without_a_readable_video_has_no_features():
    model = tiny_model(test_cfg=dict(max_testing_views=2)).eval()
    model.data_preprocessor = MODELS.build(dict(
        type='ClipDataPreprocessor', mean=[0] * 3, std=[1] * 3))
    sample = ActionDataSample(metainfo=dict(readable=False))
    [found] = model.test_step(dict(inputs=[None], data_samples=[sample]))
    assert 'clip_features' not in found


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
    """For evaluation in another recognizer and for export; all or none."""
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


@pytest.mark.parametrize('name', METHODS)
def test_a_run_of_another_method_is_not_gone_on_with(name):
    """--resume loads a whole model, of which no part may be left over."""
    model, _ = make(name)
    for other in METHODS:
        theirs, _ = make(other)
        if set(theirs._head_names) != set(model._head_names):
            with pytest.raises(RuntimeError, match='_head'):
                model.load_state_dict(theirs.state_dict())


@pytest.mark.parametrize('name', METHODS)
def test_another_number_of_clips_is_refused(name):
    model, speeds = make(name)
    clips, samples = stacked(name)
    setting = (r'pattern=\(0' if model.__class__.__name__ in PAIRED else
               r'factors=\(\(1, 1.2\)' if name == 'SpeedNet' else
               f'clips={len(speeds)} of')
    with pytest.raises(InputError, match=f'gives 5 clips .*set {setting}'):
        model.loss(clips[:, :1].expand(-1, 5, -1, -1, -1, -1), samples)


@pytest.mark.parametrize('name', ['Pace with contrast', 'InfoNCE', 'RSPNet',
                                  'SpeedNet', 'MemDPC'])
def test_a_wrong_feature_dimension_is_named(name):
    model, _ = make(name)
    head = model._head_names[-1]
    getattr(model, head).in_channels = 3
    with pytest.raises(InputError, match=f'model.{head}.in_channels is 3'):
        model.loss(*stacked(name))


@pytest.mark.parametrize('name', ['Pace', 'ClipOrder', 'OPN', 'VCP',
                                  'SpeedNet'])
def test_parts_of_a_batch_are_to_the_whole_as_ranks_to_one_process(name):
    """Of methods that compare no samples: means of losses and gradients."""
    model, _ = make(name)
    model.backbone.eval()  # no batch statistics
    clips, samples = stacked(name)

    def step(part):
        model.zero_grad()
        losses = model.loss(clips[part], samples[part])
        model.parse_losses(losses)[0].backward()
        return [*losses.values()] + [p.grad for p in model.parameters()]

    parts = [step(slice(i, i + 1)) for i in range(3)]
    for whole, *split in zip(step(slice(0, 3)), *parts):
        torch.testing.assert_close(whole, sum(split) / 3)


def test_pool_averages_space_and_time():
    x = torch.randn(2, 3, 4, 5, 6)
    torch.testing.assert_close(pool(x), x.mean(dim=(2, 3, 4)))
    assert torch.equal(pool(x[:, :, 0, 0, 0]), x[:, :, 0, 0, 0])
    assert pool((x, x[:, :2])).shape == (2, 5)
    token = torch.randn(2, 7)
    assert torch.equal(pool(([x, token], )), token)


@pytest.mark.parametrize('name', METHODS)
def test_the_mode_may_be_given_as_mmaction2_gives_it(name):
    model, _ = make(name)
    clips, samples = stacked(name)
    assert model(clips, samples, 'loss').keys() == make(name)[0](
        clips, samples, mode='loss').keys()


# ----------------------------------------------- hooks that belong to a model


BOTH = [dict(type='MomentumUpdateHook'), dict(type='MemoryBankHook')]


@pytest.mark.parametrize('name, kept, missing', [
    ('ASCNet', BOTH, None), ('ASCNet', BOTH[:1], 'MemoryBankHook'),
    ('ASCNet', BOTH[1:], 'MomentumUpdateHook'), ('ASCNet', [], 'Momentum'),
    ('symmetric ASCNet', BOTH, None), ('BYOL', BOTH[:1], None),
    ('BYOL', [], 'MomentumUpdateHook'), ('RSPNet', BOTH[:1], 'MemoryBank'),
    ('InfoNCE', BOTH, None), ('InfoNCE', BOTH[:1], 'MemoryBankHook'),
    ('InfoNCE', BOTH[1:], 'MomentumUpdateHook'),
    ('CoCLR', BOTH, None), ('CoCLR', BOTH[:1], 'MemoryBankHook'),
    ('Pace', [], None), ('SpeedNet', [], None)])
@pytest.mark.parametrize('accumulated', [1, 3])
def test_a_model_does_not_train_on_without_its_hooks(
        name, kept, missing, accumulated, tmp_path):
    model, speeds = make(name)
    generator = torch.Generator().manual_seed(0)
    batches = [tiny_batch([i, i + 1, i + 2], [speeds] * 3, generator)
               for i in range(7)]
    hooks = deepcopy(kept)
    if missing is None:
        train_on(model, batches, str(tmp_path), hooks, accumulated)
        return
    with pytest.raises(InputError, match=f'{missing}.* is missing'):
        train_on(model, batches, str(tmp_path), hooks, accumulated)
    # The batch of the first step at most
    assert len(getattr(model, '_bank_entries', [])) <= 1


def test_parts_may_be_built_already():
    """The same model as of configs, with the very parts that were given."""
    head = dict(in_channels=4, hidden_channels=6, out_channels=5)
    parts = dict(
        backbone=MODELS.build(dict(type='TinyEncoder')),
        acp_head=MODELS.build(dict(type='ACPHead', **head)),
        scp_head=MODELS.build(dict(type='SCPHead', **head)),
        memory_bank=MODELS.build(dict(type='MemoryBank', size=7)))
    model, of_configs = tiny_model(**parts), tiny_model()
    for name, part in parts.items():
        assert getattr(model, name) is part
    assert list(model.state_dict()) == list(of_configs.state_dict())
    assert model.target_backbone is not model.backbone


def test_stages_are_frozen_before_ranks_count_parameters():
    """MMAction2's encoders freeze theirs when the mode is set."""
    model = tiny_model(
        backbone=dict(
            type='mmaction.ResNet3dSlowOnly', depth=18, pretrained=None,
            base_channels=4, frozen_stages=1),
        acp_head=dict(type='ACPHead', in_channels=32),
        scp_head=dict(type='SCPHead', in_channels=32))
    trained = {name.partition('.')[0]
               for name, weight in model.backbone.named_parameters()
               if weight.requires_grad}
    assert trained == {'layer2', 'layer3', 'layer4'}
