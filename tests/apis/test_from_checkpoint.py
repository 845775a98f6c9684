"""What a checkpoint says of its encoder, put into configs."""
import pytest
import torch
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import (
    Options,
    read_config,
    read_features_config,
    take_encoder,
    take_model,
)
from ascnet_mm.recipe import evaluation_pipeline, recipe_of
from ascnet_mm.settings import settings_of

NARROW = {
    'model.backbone.base_channels': 4,
    'model.data_preprocessor.mean': [1., 2., 3.],
    'clip_len': 8
}


def config(name, **options):
    return read_config(f'ascnet_mm::ascnet/{name}.py', options)


def checkpoint(tmp_path, name, exported=False, **options):
    """A file like those of training, without weights."""
    settings = settings_of(config(name, **NARROW, **options))
    meta = dict(recipe=recipe_of(settings)) if exported else dict(
        settings=settings)
    path = str(tmp_path / 'epoch_1.pth')
    torch.save(dict(state_dict={}, meta=meta), path)
    return path


def said(monkeypatch):
    lines = []
    monkeypatch.setattr(
        'ascnet_mm.apis.from_checkpoint.print_log',
        lambda line, *args: lines.append(line))
    return lines


@pytest.mark.parametrize('name, kind', [
    ('r18_folder', 'ASCNet'), ('baselines/r18_ucf101_byol', 'BYOL'),
    ('baselines/r18_ucf101_infonce', 'InfoNCE'),
    ('baselines/r18_ucf101_pace', 'Pace'),
    ('baselines/r18_ucf101_rspnet', 'RSPNet'),
    ('baselines/r18_ucf101_clip_order', 'ClipOrder')])
def test_retrieval_takes_the_model_of_any_method(name, kind, tmp_path,
                                                 monkeypatch):
    path, lines = checkpoint(tmp_path, name), said(monkeypatch)
    cfg = config('retrieval/r18_ucf101_coclr')
    take_model(cfg, path, {})
    assert cfg.model.type == kind
    assert cfg.model.backbone.base_channels == 4
    assert cfg.model.data_preprocessor.mean == [1., 2., 3.]
    # How many clips go through at a time is the evaluation's affair.
    assert cfg.model.test_cfg.max_testing_views == 16
    assert path in lines[0] and 'base_channels' in lines[0]
    assert 'of 8 frames and gets 32' in lines[1]


def test_an_exported_encoder_has_no_heads(tmp_path):
    cfg = config('retrieval/r18_ucf101', clip_len=8)
    take_model(cfg, checkpoint(tmp_path, 'r18_folder', exported=True), {})
    assert cfg.model.type == 'EncoderOnly'
    assert cfg.model.backbone.base_channels == 4
    assert not {'acp_head', 'memory_bank'} & cfg.model.keys()


@pytest.mark.parametrize('exported', [False, True])
def test_a_classifier_takes_the_encoder_alone(exported, tmp_path):
    cfg = config('linear/r18_ucf101')
    before = cfg.model.to_dict()
    take_encoder(
        cfg, checkpoint(tmp_path, 'r18_folder', exported=exported), {})
    assert cfg.model.backbone == dict(
        before['backbone'], base_channels=4)  # still frozen
    assert cfg.model.backbone.frozen_stages == 4
    assert cfg.model.cls_head == dict(before['cls_head'], in_channels=32)
    assert cfg.model.data_preprocessor == dict(
        before['data_preprocessor'], mean=[1., 2., 3.])


@pytest.mark.parametrize('exported', [False, True])
def test_differences_of_frames_are_part_of_the_input(exported, tmp_path):
    name = 'model.data_preprocessor.difference'
    path = checkpoint(tmp_path, 'r18_folder', exported, **{name: dict(prob=1)})
    for protocol in ('linear/r18_ucf101', 'finetune/r18_ucf101'):
        cfg = config(protocol)
        take_encoder(cfg, path, {})
        assert cfg.model.data_preprocessor.difference == dict(prob=1)
        # One that has been trained on the frames sees the frames.
        given = config(protocol, **{name: dict(prob=1)})
        other = tmp_path / 'other'
        other.mkdir(exist_ok=True)
        take_encoder(given, checkpoint(other, 'r18_folder', exported), {})
        assert 'difference' not in given.model.data_preprocessor
    drawn = checkpoint(tmp_path, 'r18_folder', exported,
                       **{name: dict(prob=0.5)})
    cfg = config('linear/r18_ucf101')
    take_encoder(cfg, drawn, {})
    assert 'difference' not in cfg.model.data_preprocessor
    # An augmentation is the config's.
    cfg = config('r18_folder', **{name: dict(prob=0.5)})
    take_encoder(cfg, checkpoint(tmp_path, 'r18_folder', exported), {})
    assert cfg.model.data_preprocessor.difference == dict(prob=0.5)


def test_a_preprocessor_without_differences_is_refused(tmp_path):
    cfg = config('linear/r18_ucf101')
    cfg.model.data_preprocessor = dict(
        type='ActionDataPreprocessor', mean=[0.], std=[1.])
    path = checkpoint(tmp_path, 'r18_folder', **{
        'model.data_preprocessor.difference': dict(prob=1)})
    with pytest.raises(InputError, match='ClipDataPreprocessor'):
        take_encoder(cfg, path, {})


def test_another_method_is_trained_on_top_of_the_encoder(tmp_path):
    cfg = config('r18_folder')
    before = cfg.model.to_dict()
    take_encoder(cfg, checkpoint(tmp_path, 'baselines/r18_ucf101_byol'), {})
    assert cfg.model.type == 'ASCNet'
    assert cfg.model.backbone.base_channels == 4
    assert cfg.model.acp_head == before['acp_head']
    assert cfg.model.data_preprocessor.mean == [1., 2., 3.]


def test_a_config_without_a_model_is_refused(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    cfg = config('_base_/default_runtime')
    for take in (take_encoder, take_model):
        with pytest.raises(InputError, match='default_runtime.*no model'):
            take(cfg, path, {})


def test_options_have_the_last_word(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    for name in ('retrieval/r18_ucf101', 'finetune/r18_ucf101'):
        options = Options({'model.backbone.base_channels': '8'})
        cfg = config(name, **options)
        take_model(cfg, path, options)
        assert cfg.model.backbone.base_channels == 8
    options = Options({'model.acp_head.in_channels': '99'})
    cfg = config('retrieval/r18_ucf101', **options)
    take_model(cfg, checkpoint(tmp_path, 'r18_folder', True), options)
    assert 'acp_head' not in cfg.model


def test_nothing_is_taken_of_another_encoder_or_a_foreign_file(tmp_path,
                                                               monkeypatch):
    lines = said(monkeypatch)
    cfg = config('retrieval/s3dg_ucf101')
    before = cfg.to_dict()
    take_encoder(cfg, checkpoint(tmp_path, 'r18_folder'), {})
    foreign = str(tmp_path / 'foreign.pth')
    torch.save(dict(state_dict={'conv1.weight': torch.ones(1)}), foreign)
    take_encoder(cfg, foreign, {})
    assert cfg.to_dict() == before and not lines


def test_a_type_that_is_not_registered_is_not_taken(tmp_path, monkeypatch):
    """As of a method of somebody's own: the encoder is taken alone."""
    path = checkpoint(tmp_path, 'r18_folder')
    content = torch.load(path)
    content['meta']['settings']['model']['acp_head']['type'] = 'os.system'
    torch.save(content, path)
    cfg, lines = config('retrieval/r18_ucf101'), said(monkeypatch)
    take_model(cfg, path, {})
    assert 'os.system' in lines[0]
    assert cfg.model.type == 'EncoderOnly' and 'acp_head' not in cfg.model
    assert cfg.model.backbone.base_channels == 4


def test_a_checkpoint_alone_says_how_features_are_made(tmp_path):
    path = checkpoint(tmp_path, 'baselines/r18_ucf101_byol')
    cfg = read_features_config(
        None, path, Options({'test_dataloader.batch_size': '3'}))
    assert isinstance(cfg, Config) and cfg.model.type == 'EncoderOnly'
    assert cfg.test_dataloader.batch_size == 3
    sampler = cfg.test_dataloader.dataset.pipeline[1]
    assert (sampler.type, sampler.clip_len, sampler.num_clips) == (
        'SampleFrames', 8, 10)
    assert [step.type for step in cfg.test_dataloader.dataset.pipeline] == [
        'OpenVideo', 'SampleFrames', 'DecodePlanes', 'SampleCrops',
        'PackClips']


def test_without_a_config_a_misspelled_name_is_refused(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    with pytest.raises(InputError, match='did you mean test_dataloader'):
        read_features_config(None, path, {'test_dataloder.batch_size': 4})


def test_without_a_config_a_variable_is_refused(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    with pytest.raises(InputError, match='clip_len is a variable of no'):
        read_features_config(None, path, Options({'clip_len': '4'}))


def test_a_checkpoint_that_says_nothing_is_named(tmp_path):
    path = str(tmp_path / 'weights.pth')
    torch.save(dict(state_dict={}), path)
    with pytest.raises(InputError, match='weights.pth: it does not say'):
        read_features_config(None, path, {})


def test_planes_of_version_0_1_are_packed_as_now(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    content = torch.load(path)
    content['meta']['settings']['val_dataloader']['dataset']['pipeline'] = [
        dict(type='OpenVideo'),
        dict(type='SpeedPairedSampleFrames', clip_len=8, test_mode=True),
        dict(type='DecodePlanes'), dict(type='DeviceCrop', scale=(32, 32)),
        dict(type='PackActionInputs', meta_keys=('filename', 'crops'))]
    torch.save(content, path)
    *_, crop, pack = read_features_config(
        None, path, {}).test_dataloader.dataset.pipeline
    assert (crop.type, pack) == ('DeviceCrop', dict(type='PackClips'))


def test_a_training_that_was_not_validated_says_it_too(tmp_path):
    """Ten clips of the whole frame, none of its random crops."""
    path = checkpoint(tmp_path, 'r18_folder')
    validated = read_features_config(None, path, {})
    content = torch.load(path)
    content['meta']['settings']['val_dataloader'] = None
    torch.save(content, path)
    assert read_features_config(None, path, {}).to_dict() == (
        validated.to_dict())


@pytest.mark.parametrize('interval, expected', [(0, {}), (3, dict(
    frame_interval=3))])
def test_so_does_one_of_ordered_clips(interval, expected):
    sampler, _ = evaluation_pipeline([
        dict(type='OrderedClips', clip_len=8, clips=3, interval=2,
             frame_interval=interval), dict(type='DecodePlanes')])
    assert sampler == dict(type='SampleFrames', clip_len=8, num_clips=10,
                           test_mode=True, **expected)


@pytest.mark.parametrize('kind', ['SampleFrames', 'UniformSampleFrames'])
@pytest.mark.parametrize('length, count', [(8, 10), (1, 3)])
def test_clips_of_mmaction2s_training_are_not_drawn(kind, length, count):
    sampler, _ = evaluation_pipeline([
        dict(type=kind, clip_len=length, num_clips=3),
        dict(type='SampleCrops', scale=(56, 56), area_range=(0.5, 1.))])
    assert sampler == dict(
        type=kind, clip_len=length, num_clips=count, test_mode=True)
    tested = dict(type=kind, clip_len=8, num_clips=2, test_mode=True)
    assert evaluation_pipeline([tested]) == [tested]


def test_mmaction2s_packing_keeps_no_names():
    assert evaluation_pipeline([dict(type='PackActionInputs')]) == [
        dict(type='PackClips')]


def test_clips_that_are_shown_twice_are_seen_once():
    """As another file shows them, or reversed: that is for training."""
    steps = evaluation_pipeline([
        dict(type='SpeedPairedSampleFrames', clip_len=8),
        dict(type='DecodePlanes'),
        dict(type='AppendPairedClip', root='a', paired_root='b'),
        dict(type='AppendReversed')])
    assert [step['type'] for step in steps] == ['SampleFrames', 'DecodePlanes']


def test_a_fine_tuning_without_an_evaluation_is_named(tmp_path):
    settings = settings_of(config('finetune/r18_ucf101'))
    settings.update(val_dataloader=None, test_dataloader=None)
    path = str(tmp_path / 'epoch_1.pth')
    torch.save(dict(state_dict={}, meta=dict(settings=settings)), path)
    with pytest.raises(InputError, match='no val_dataloader'):
        read_features_config(None, path, {})


def test_without_a_config_options_are_of_the_kind_in_their_place(tmp_path):
    path = checkpoint(tmp_path, 'r18_folder')
    cfg = read_features_config(None, path, Options({'work_dir': '2024'}))
    assert cfg.work_dir == '2024'
    with pytest.raises(InputError, match='batch_size.*cannot be read'):
        read_features_config(
            None, path, Options({'test_dataloader.batch_size': '(1,'}))


def test_how_an_encoder_is_trained_is_not_taken(tmp_path):
    """A linear probe's checkpoint does not freeze a fine-tuned encoder."""
    cfg = config('finetune/r18_ucf101')
    take_encoder(cfg, checkpoint(tmp_path, 'linear/r18_ucf101'), {})
    assert cfg.model.backbone.base_channels == 4
    assert not {'frozen_stages', 'norm_eval'} & cfg.model.backbone.keys()
    frozen = config('linear/r18_ucf101')
    take_encoder(frozen, checkpoint(tmp_path, 'finetune/r18_ucf101'), {})
    assert frozen.model.backbone.frozen_stages == 4
    assert frozen.model.backbone.norm_eval


@pytest.mark.parametrize('kind', [
    'ascnet_mm.models.R3D', 'ascnet_mm.models.backbones.r3d.R3D',
    'mmaction.R3D', 'R3D'])
def test_a_type_may_be_named_as_a_config_names_it(kind, tmp_path):
    """As imported, where it is defined, or with its scope."""
    path = checkpoint(tmp_path, 'r18_folder')
    content = torch.load(path)
    content['meta']['settings']['model']['backbone']['type'] = kind
    torch.save(content, path)
    cfg = config('retrieval/r18_ucf101')
    take_encoder(cfg, path, {})
    assert cfg.model.backbone.base_channels == 4
    assert cfg.model.backbone.type == 'R3D'
    assert cfg.model.data_preprocessor.mean == [1., 2., 3.]


@pytest.mark.parametrize('kind', [
    'torch.nn.Linear', 'mmengine.Resize', 'other.R3D', 'ascnet_mm.R3D',
    'os.system', 'mmaction.'])
def test_what_only_looks_like_a_registered_type_is_not_taken(
        kind, tmp_path, monkeypatch):
    path = checkpoint(tmp_path, 'r18_folder')
    content = torch.load(path)
    content['meta']['settings']['model']['backbone']['type'] = kind
    torch.save(content, path)
    cfg, lines = config('retrieval/r18_ucf101'), said(monkeypatch)
    before = cfg.to_dict()
    take_encoder(cfg, path, {})
    assert cfg.to_dict() == before
    assert kind in lines[0] and 'as the config says' in lines[0]
