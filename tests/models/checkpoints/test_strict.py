import os

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from ascnet_mm import InputError
from ascnet_mm.compat.checkpoints import load_from_local
from ascnet_mm.models import S3DG
from ascnet_mm.models.checkpoints import (
    encoder_weights,
    load_encoder_weights,
    read_checkpoint,
    unseen_options,
)
from ascnet_mm.models.checkpoints.strict import compare

from ...conftest import tiny_model
from ...helpers.foreign import (
    VCOPC3D,
    VCOPR3D,
    CoCLRS3D,
    RSPNetR2Plus1D,
    RSPNetR3D,
    RSPNetS3DG,
    TorchvisionR3D,
)

NO_POOL = dict(type='R3D', conv1_kernel=[3, 7, 7], with_pool1=False)
SLOW_STEM = dict(type='S3DG', stem_strides=[[2, 2, 2], [1, 1, 1]])

# The network, its width, the encoder that is the same, and its name.
FOREIGN = {
    'torchvision r3d_18': (TorchvisionR3D, 4, NO_POOL),
    'RSPNet resnet18': (RSPNetR3D, 4, dict(type='R3D')),
    'RSPNet r2plus1d-vcop': (RSPNetR2Plus1D, 4, dict(type='R2Plus1D')),
    'RSPNet s3dg': (RSPNetS3DG, 16, SLOW_STEM),
    'VCOP r3d': (VCOPR3D, 4, dict(NO_POOL, depth=10)),
    'VCOP c3d': (VCOPC3D, 4, dict(type='C3DConv')),
    'CoCLR s3d': (CoCLRS3D, 16, dict(
        type='S3DG', gated=False, norm_cfg=dict(type='BN3d'))),
}


@torch.no_grad()
def randomize(model):
    """Weights and statistics that no two layers share."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2)
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(std=0.3)
            module.num_batches_tracked.fill_(7)
    model.eval()  # MMAction2's returns None
    return model


def build(backbone, **options):
    encoder = MODELS.build(dict(backbone, **options))
    encoder.eval()
    return encoder


def save(tmp_path, checkpoint):
    path = str(tmp_path / 'encoder.pth')
    torch.save(checkpoint, path)
    return path


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


def assert_same(encoder, features):
    clip = torch.randn(2, 3, 8, 32, 32)
    with torch.no_grad():
        expected = features(clip)
        assert expected.std() > 0
        torch.testing.assert_close(encoder(clip), expected)


def assert_refused(tmp_path, checkpoint, encoder, *parts):
    """The message holds the parts, and no weight has changed."""
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    path = save(tmp_path, checkpoint)
    with pytest.raises(InputError) as error:
        load_encoder_weights(encoder, path)
    for part in (path, *parts):
        assert part in str(error.value)
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize('name', FOREIGN)
def test_a_foreign_network_computes_the_same(name, tmp_path):
    network, width, backbone = FOREIGN[name]
    foreign = randomize(network(width))
    encoder = build(backbone, base_channels=width)
    line = load_encoder_weights(encoder, save(tmp_path, foreign.state_dict()))
    assert_same(encoder, foreign.features)
    assert name.split()[1] in line
    assert f'{len(encoder.state_dict())} encoder weights' in line
    assert {
        int(value)
        for key, value in encoder.state_dict().items()
        if key.endswith('num_batches_tracked')
    } == {7}


@pytest.mark.parametrize('name', FOREIGN)
def test_a_weight_less_or_more_is_refused(name, tmp_path):
    network, width, backbone = FOREIGN[name]
    encoder = build(backbone, base_channels=width)
    state = network(width).state_dict()
    first = next(iter(state))
    last = [k for k in state if k.endswith('running_var')][-1]
    less = {k: v for k, v in state.items() if k != last}
    assert_refused(tmp_path, less, encoder, '1 missing (', 'running_var)')
    more = dict(state, extra=torch.zeros(1))
    assert_refused(tmp_path, more, encoder, '1 surplus (extra)')
    other = dict(state, **{first: state[first][:, :2]})
    assert_refused(tmp_path, other, encoder, '1 misshapen (', 'instead of')


@pytest.mark.parametrize('name', FOREIGN)
def test_counters_of_old_files_may_be_missing(name, tmp_path):
    network, width, backbone = FOREIGN[name]
    foreign = randomize(network(width))
    encoder = build(backbone, base_channels=width)
    state = {
        key: value
        for key, value in foreign.state_dict().items()
        if not key.endswith('num_batches_tracked')
    }
    load_encoder_weights(encoder, save(tmp_path, state))
    assert_same(encoder, foreign.features)


@pytest.mark.parametrize('prefix, head', [
    ('encoder_q.encoder.', 'encoder_q.fc1.2.weight'),
    ('encoder_q.', 'encoder_q.fc.0.weight'),
    ('encoder.', 'fc.weight'),
    ('module.encoder.', 'module.fc.weight'),
    ('module.', 'module.fc.weight'),
])
def test_rspnet_files_of_every_stage(prefix, head, tmp_path):
    foreign, key_encoder = (randomize(RSPNetR3D(4)) for _ in range(2))
    state = prefixed(prefix, foreign.state_dict())
    state[head] = torch.zeros(3, 32)
    if 'encoder_q' in prefix:
        state.update(prefixed('encoder_k.encoder.', key_encoder.state_dict()))
        state['queue'] = torch.zeros(3, 8)
    encoder = build(dict(type='R3D', base_channels=4))
    load_encoder_weights(
        encoder,
        save(tmp_path, dict(arch='resnet18', epoch=3, model=state,
                            optimizer=dict(state={}))))
    assert_same(encoder, foreign.features)


@pytest.mark.parametrize('name', ['RSPNet r2plus1d-vcop', 'VCOP r3d',
                                  'VCOP c3d'])
def test_the_network_in_a_file_of_vcop(name, tmp_path):
    """``VCOPN``'s state, without anything around it."""
    network, width, backbone = FOREIGN[name]
    foreign = randomize(network(width))
    state = prefixed('base_network.', {
        key: value for key, value in foreign.state_dict().items()
        if not key.startswith('linear.')})
    for layer in ('fc7', 'fc8'):
        state.update({f'{layer}.weight': torch.zeros(6, 64),
                      f'{layer}.bias': torch.zeros(6)})
    encoder = build(backbone, base_channels=width)
    load_encoder_weights(encoder, save(tmp_path, state))
    assert_same(encoder, foreign.features)


# In CoCLR's S3D each layer also is the n-th one of a block.
COCLR_BLOCKS = {
    1: ('Conv_1a', ), 2: ('MaxPool_2a', 'Conv_2b', 'Conv_2c'),
    3: ('MaxPool_3a', 'Mixed_3b', 'Mixed_3c'),
    4: ('MaxPool_4a', *(f'Mixed_4{letter}' for letter in 'bcdef')),
    5: ('MaxPool_5a', 'Mixed_5b', 'Mixed_5c')
}  # yapf: disable


def test_the_query_encoder_in_a_file_of_coclr(tmp_path):
    """Not the moving average, nor the encoder of the other modality."""
    networks = {name: randomize(CoCLRS3D(16))
                for name in ('sampler', 'encoder_k', 'encoder_q')}
    state = {'queue': torch.zeros(128, 8), 'queue_ptr': torch.zeros(1)}
    for name, network in networks.items():
        weights = network.state_dict()
        for number, layers in COCLR_BLOCKS.items():
            for place, layer in enumerate(layers):
                weights.update({
                    f'block{number}.{place}.{key[len(layer) + 1:]}': value
                    for key, value in network.state_dict().items()
                    if key.startswith(layer)})
        state.update(prefixed(f'{name}.0.', weights))
        for layer in (2, 4):
            state.update({f'{name}.{layer}.weight': torch.zeros(9, 256),
                          f'{name}.{layer}.bias': torch.zeros(9)})
    encoder = build(FOREIGN['CoCLR s3d'][2], base_channels=16)
    load_encoder_weights(encoder, save(tmp_path, dict(
        epoch=3, state_dict=state, best_acc=0.5, optimizer=dict(state={}),
        iteration=7)))
    assert_same(encoder, networks['encoder_q'].features)


def test_a_file_of_memdpc_is_refused(tmp_path):
    """No encoder is its network, whose first stages are 2-D."""
    state = {
        'module.mb': torch.zeros(1024, 256),
        'module.backbone.conv1.weight': torch.zeros(64, 3, 1, 7, 7),
        'module.backbone.bn1.weight': torch.zeros(64),
        'module.backbone.layer1.0.conv1.weight': torch.zeros(64, 64, 1, 3, 3),
    }
    assert_refused(
        tmp_path, dict(epoch=3, state_dict=state),
        build(dict(type='R3D'), base_channels=4), 'another encoder',
        '3 surplus (conv1.weight, bn1.weight, layer1.0.conv1.weight)')


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_own_checkpoints(prefix, tmp_path):
    model = tiny_model(backbone=dict(type='R3D', base_channels=4))
    randomize(model.backbone)
    randomize(model.target_backbone)
    state = prefixed(prefix, model.state_dict())
    encoder = build(dict(type='R3D', base_channels=4))
    path = save(tmp_path, dict(state_dict=state, meta=dict(epoch=1)))
    assert path in load_encoder_weights(encoder, path)
    assert_same(encoder, model.backbone)


def test_strides_in_time_are_those_of_the_checkpoint(tmp_path):
    """Those of Table 4 where a checkpoint is older than the option."""
    strides = (1, 1, 1, 1, 1)
    table, kept = (build(dict(type='R3D', base_channels=4, **options))
                   for options in ({}, dict(frame_strides=list(strides))))
    state = prefixed('backbone.', table.state_dict())
    old = dict(state_dict=state, meta=dict(encoder=dict(with_pool1=True)))
    load_encoder_weights(table, save(tmp_path, old))
    assert_refused(tmp_path, old, kept, 'trained with', str(strides))
    new = dict(old, meta=dict(encoder=unseen_options(kept)))
    load_encoder_weights(kept, save(tmp_path, new))
    assert_refused(tmp_path, new, table, 'trained with', str(strides))
    rspnets = prefixed('encoder_q.', RSPNetR3D(4).state_dict())
    assert_refused(tmp_path, rspnets, kept, 'frame_strides=(2, 1, 2, 2, 2)')


@pytest.mark.parametrize('backbone, options', [
    (dict(type='R3D'), dict(spatial_strides=(1, 2, 2, 1))),
    (dict(type='R3D'), dict(dilations=(1, 1, 1, 2))),
    (dict(type='R3D'), dict(conv1_stride_s=1)),
    (dict(type='R3D'), dict(pool1_stride_s=1)),
    (dict(type='R3D'), dict(act_cfg=dict(type='LeakyReLU'))),
    (dict(type='R2Plus1D'), dict(spatial_strides=(1, 2, 2, 1))),
    (dict(type='mmaction.ResNet3d', depth=18, pretrained=None,
          conv1_stride_t=2),
     dict(conv1_stride_t=1, temporal_strides=(1, 2, 2, 2))),
])
def test_options_of_mmaction2s_encoders_are_those_of_the_checkpoint(
        backbone, options, tmp_path):
    """Each changes the features; a checkpoint may be older than its record."""
    backbone = dict(backbone, base_channels=4)
    one, other = build(backbone), build(dict(backbone, **options))
    state = one.state_dict()
    other.load_state_dict(state)
    clip = torch.randn(1, 3, 8, 48, 48)
    with torch.no_grad():
        features = [net(clip).mean(dim=(2, 3, 4)) for net in (one, other)]
    assert not torch.allclose(*features, atol=1e-3)

    recorded = dict(state_dict=prefixed('backbone.', state),
                    meta=dict(encoder=unseen_options(one)))
    load_encoder_weights(one, save(tmp_path, recorded))
    assert_refused(tmp_path, recorded, other, 'trained with',
                   *options)
    old = dict(recorded, meta=dict(encoder=dict(with_pool1=True)))
    load_encoder_weights(other, save(tmp_path, old))


def test_what_computes_the_same_is_no_other_option(tmp_path):
    one, other = (
        build(dict(type='R3D', base_channels=4, **options)) for options in (
            {}, dict(act_cfg=dict(type='ReLU'), dilations=[1, 1, 1, 1])))
    content = dict(
        state_dict=prefixed('backbone.', one.state_dict()),
        meta=dict(encoder=unseen_options(one)))
    load_encoder_weights(other, save(tmp_path, content))
    for norm_cfg in (dict(type='BN3d', eps=1e-5), dict(type='SyncBN')):
        load_encoder_weights(
            build(dict(type='S3DG', gated=False, base_channels=16,
                       stem_strides=((1, 2, 2), (2, 1, 1)),
                       norm_cfg=norm_cfg)),
            save(tmp_path, CoCLRS3D(16).state_dict()))


def test_own_checkpoints_are_taken_whole_or_not_at_all(tmp_path):
    encoder = build(dict(type='R3D', base_channels=4))
    state = prefixed('backbone.', encoder.state_dict())
    for key in ('conv1.bn.running_mean', 'conv1.bn.num_batches_tracked'):
        less = {k: v + 1 for k, v in state.items() if k != f'backbone.{key}'}
        assert_refused(tmp_path, dict(state_dict=less), encoder,
                       f'1 missing ({key})')
    wide = build(dict(type='R3D', base_channels=8)).state_dict()
    assert_refused(tmp_path, dict(state_dict=prefixed('backbone.', wide)),
                   encoder, 'another encoder', '(R3D)',
                   'conv1.conv.weight (8, 3, 7, 7, 7) instead of (4, ')


def test_a_target_network_alone_is_no_encoder(tmp_path):
    encoder = build(dict(type='R3D', base_channels=4))
    state = prefixed('target_backbone.', encoder.state_dict())
    assert_refused(tmp_path, dict(state_dict=state), encoder, 'recognized')


# What the options would have to be, for encoders with other ones; the weights
# of all but the first fit.
DIFFERENT = {
    'the paper for torchvision':
    (TorchvisionR3D, dict(type='R3D'), 'a 3x7x7 stem and no max pool',
     'model.backbone.conv1_kernel=(3, 7, 7) and '
     'model.backbone.with_pool1=False'),
    'a pool for torchvision':
    (TorchvisionR3D, dict(type='R3D', conv1_kernel=(3, 7, 7)), 'no max pool',
     'model.backbone.with_pool1=False'),
    'no pool for RSPNet':
    (RSPNetR3D, dict(type='R3D', with_pool1=False), 'a max pool',
     'model.backbone.with_pool1=True'),
    'more blocks than RSPNet':
    (RSPNetR2Plus1D, dict(type='R2Plus1D', depth=18), 'one block per stage',
     'model.backbone.depth=10'),
    "Xie et al.'s stem for RSPNet":
    (RSPNetS3DG, dict(type='S3DG'), 'other strides',
     'model.backbone.stem_strides=((2, 2, 2), (1, 1, 1))'),
    'all frames for RSPNet':
    (RSPNetS3DG, dict(SLOW_STEM, frame_strides=(1, 1, 1, 1)),
     'other strides', 'model.backbone.frame_strides=(1, 1, 2, 2)'),
    "Xie et al.'s eps for CoCLR":
    (CoCLRS3D, dict(type='S3DG', gated=False), 'eps of 1e-5',
     "model.backbone.norm_cfg=dict(type='BN3d', eps=1e-05)"),
    "CoCLR's eps for RSPNet":
    (RSPNetS3DG, dict(SLOW_STEM, norm_cfg=dict(type='BN3d')), 'other strides',
     "model.backbone.norm_cfg=dict(type='BN3d', eps=0.001)"),
    'another eps for RSPNet':
    (RSPNetR3D, dict(type='R3D', norm_cfg=dict(type='BN3d', eps=1e-3)),
     'a max pool', "model.backbone.norm_cfg=dict(type='BN3d', eps=1e-05)"),
    'another stage of stride 1 for RSPNet':
    (RSPNetR3D, dict(type='R3D', spatial_strides=(1, 2, 2, 1)),
     'a max pool', 'set model.backbone.spatial_strides=(1, 2, 2, 2)'),
    "gates and Xie et al.'s eps for CoCLR":
    (CoCLRS3D, dict(type='S3DG'), 'model.backbone.gated=False',
     "model.backbone.norm_cfg=dict(type='BN3d', eps=1e-05)"),
    'gates for CoCLR':
    (CoCLRS3D, dict(type='S3DG', norm_cfg=dict(type='BN3d')), 'no gates',
     'model.backbone.gated=False'),
    'more blocks than VCOP':
    (VCOPR3D, NO_POOL, 'one block per stage', 'model.backbone.depth=10'),
    'another encoder':
    (RSPNetS3DG, dict(type='R3D'), 'the config is R3D',
     "model.backbone=dict(type='S3DG', stem_strides=((2, 2, 2), (1, 1, 1)), "
     'frame_strides=(1, 1, 2, 2))')
}  # yapf: disable


@pytest.mark.parametrize('name', DIFFERENT)
def test_options_that_no_weight_shows_are_compared(name, tmp_path):
    network, backbone, *parts = DIFFERENT[name]
    assert_refused(tmp_path,
                   network(16).state_dict(), build(backbone, base_channels=16),
                   *parts)


def test_mmaction2s_resnet_pools_otherwise(tmp_path):
    """Names and shapes of its weights are R3D's."""
    r3d = build(dict(type='R3D'), depth=18, base_channels=4)
    path = str(tmp_path / 'a.pth')
    torch.save(
        dict(state_dict={
            f'backbone.{key}': value for key, value in r3d.state_dict().items()
        }, meta=dict(encoder=unseen_options(r3d))), path)
    load_encoder_weights(build(dict(type='R3D'), depth=18, base_channels=4),
                         path)
    other = build(
        dict(type='mmaction.ResNet3d', depth=18, conv1_kernel=(7, 7, 7),
             conv1_stride_t=1, pool1_stride_t=2, with_pool2=False,
             temporal_strides=(1, 2, 2, 2), inflate=(1, 1, 1, 1),
             pretrained=None, norm_eval=False), base_channels=4)
    assert {k: v.shape for k, v in other.state_dict().items()} == {
        k: v.shape for k, v in r3d.state_dict().items()}
    with pytest.raises(InputError, match='max_pools'):
        load_encoder_weights(other, path)


def test_an_option_younger_than_the_checkpoint_had_its_default(tmp_path):
    encoder = build(dict(type='S3DG'), base_channels=4)
    stems = dict(stem_strides=((1, 2, 2), (2, 1, 1)))
    content = dict(
        state_dict=prefixed('backbone.', encoder.state_dict()),
        meta=dict(encoder=stems))
    load_encoder_weights(encoder, save(tmp_path, content))
    other = build(dict(type='S3DG', frame_strides=(1, 1, 1, 1)),
                  base_channels=4)
    assert_refused(tmp_path, content, other, 'frame_strides')


def test_an_encoder_of_another_kind_is_told_by_its_weights(tmp_path):
    encoder = build(dict(type='R3D'), base_channels=4)
    content = dict(
        state_dict=prefixed('backbone.', encoder.state_dict()),
        meta=dict(encoder=unseen_options(encoder)))
    with pytest.raises(InputError, match='another encoder .* .S3DG.*missing'):
        load_encoder_weights(build(dict(type='S3DG'), base_channels=4),
                     save(tmp_path, content))


def test_torchvisions_r2plus1d_is_refused(tmp_path):
    state = {
        'stem.0.weight': torch.zeros(45, 3, 1, 7, 7),
        'stem.3.weight': torch.zeros(64, 45, 3, 1, 1),
        'layer1.0.conv1.0.0.weight': torch.zeros(144, 64, 1, 3, 3),
    }
    assert_refused(tmp_path, state, build(dict(type='R2Plus1D')),
                   'r2plus1d_18', '45 instead of 83', 'factorized')


@pytest.mark.parametrize('checkpoint, found', [
    (dict(state_dict={f'cnn.{i}': torch.zeros(1) for i in range(7)}),
     '(cnn.0, cnn.1, cnn.2, cnn.3, cnn.4, ...)'),
    (dict(epoch=3, optimizer={}), '(none)'),
    ({0: torch.zeros(1)}, '(0)'),
    ([torch.zeros(1)], '(none)'),
])
def test_anything_else_is_refused(checkpoint, found, tmp_path):
    encoder = build(dict(type='R3D', base_channels=2))
    assert_refused(tmp_path, checkpoint, encoder, found, 'backbone.*',
                   "torchvision's r3d_18", "RSPNet's s3dg")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match='nowhere.pth, does not exist'):
        load_encoder_weights(nn.Linear(1, 1), str(tmp_path / 'nowhere.pth'))


def test_compare_names_up_to_twenty():
    wanted = {f'w{i}': torch.zeros(1) for i in range(21)}
    assert compare(wanted, dict(wanted)) is None
    listed = ', '.join(f'w{i}' for i in range(20))
    assert compare(wanted, {}) == f'21 missing ({listed}, ...)'
    assert compare({'a': torch.zeros(2, 3)}, {'a': torch.zeros(3, 2)}) == (
        '1 misshapen (a (3, 2) instead of (2, 3))')


def test_torchvision_itself(tmp_path):
    # A torchvision built for another torch raises a RuntimeError.
    video = pytest.importorskip(
        'torchvision.models.video', exc_type=(ImportError, RuntimeError))
    foreign = randomize(video.r3d_18())
    encoder = build(NO_POOL)
    load_encoder_weights(encoder, save(tmp_path, foreign.state_dict()))
    foreign.avgpool = foreign.fc = nn.Identity()
    assert_same(
        encoder, lambda clip: foreign(clip).view_as(encoder(clip)))
    with pytest.raises(InputError, match='45 instead of 83'):
        encoder_weights(video.r2plus1d_18().state_dict(),
                        MODELS.build(dict(type='R2Plus1D')))


def bytes_read() -> int:
    """How many this process has read from files so far; mapped ones not."""
    with open('/proc/self/io') as counters:
        return int(counters.readline().split()[1])


def test_of_a_checkpoint_only_what_is_used_is_read(tmp_path):
    encoder = build(dict(type='R3D'), base_channels=4)
    path = save(tmp_path, dict(
        state_dict=prefixed('backbone.', encoder.state_dict()),
        meta=dict(epoch=1), memory_bank=torch.zeros(4 << 20)))  # 16 MB
    load_encoder_weights(encoder, path)
    before = bytes_read()
    assert read_checkpoint(path)['meta']['epoch'] == 1
    load_encoder_weights(encoder, path)
    assert bytes_read() - before < 2 << 20
    before = bytes_read()
    load_from_local(path)
    assert bytes_read() - before > 16 << 20


def test_an_encoder_keeps_nothing_of_the_file(tmp_path):
    encoder = randomize(build(dict(type='R3D'), base_channels=4))
    weights = {k: v.clone() for k, v in encoder.state_dict().items()}
    path = save(tmp_path, prefixed('backbone.', weights))
    load_encoder_weights(encoder, path)
    with open(path, 'r+b') as file:
        file.write(bytes(os.path.getsize(path)))
    for name, weight in encoder.state_dict().items():
        assert torch.equal(weight, weights[name]), name


def test_files_in_torchs_older_format_are_read(tmp_path):
    encoder = randomize(build(dict(type='R3D'), base_channels=4))
    weights = {k: v.clone() for k, v in encoder.state_dict().items()}
    path = str(tmp_path / 'old.pth')
    torch.save(prefixed('backbone.', weights), path,
               _use_new_zipfile_serialization=False)
    load_encoder_weights(randomize(encoder), path)
    for name, weight in encoder.state_dict().items():
        assert torch.equal(weight, weights[name]), name


def test_an_encoder_with_another_eps_of_batchnorm_is_refused(tmp_path):
    """Neither names nor shapes of its weights show it."""
    path = str(tmp_path / 'a.pth')
    coclr = S3DG(norm_cfg=dict(type='BN3d'))
    weights = {f'backbone.{key}': value
               for key, value in coclr.state_dict().items()}
    torch.save(dict(state_dict=weights,
                    meta=dict(encoder=unseen_options(coclr))), path)
    load_encoder_weights(S3DG(norm_cfg=dict(type='BN3d')), path)
    with pytest.raises(InputError, match="'norm_cfg.eps': 1e-05.*0.001"):
        load_encoder_weights(S3DG(), path)
    # Checkpoints of earlier versions do not say it.
    torch.save(dict(state_dict=weights, meta=dict(encoder={})), path)
    load_encoder_weights(S3DG(), path)
