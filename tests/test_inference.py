"""An encoder from its file, and what it makes of videos."""
import os.path as osp
import subprocess
import sys
from fractions import Fraction
from glob import glob
from types import ModuleType, SimpleNamespace

import av
import numpy as np
import pytest
import torch
from mmaction.apis import (
    MMAction2Inferencer,
    inference_recognizer,
    init_recognizer,
)
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from torch import nn

import ascnet_mm
from ascnet_mm import InputError, VideoEncoder
from ascnet_mm.apis import read_config
from ascnet_mm.recipe import recipe_of, require_registered
from ascnet_mm.settings import settings_of

from .conftest import ROOT, run_tool
from .engine.reliability.test_loops import finetuning, pretraining
from .tools.test_cli import TINY

RETRIEVAL = 'configs/ascnet/retrieval/r18_ucf101.py'


def checkpoint_of(cfg, path, **meta):
    """An untrained one, as a training with this config writes it."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model)
    # Batch statistics that are not those of a new layer
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_()
    torch.save(
        dict(state_dict=model.state_dict(),
             meta=dict(settings=settings_of(cfg), **meta)), path)
    return model.eval(), str(path)


@pytest.fixture(scope='module')
def pretrained(videos, tmp_path_factory):
    folder = tmp_path_factory.mktemp('pretrained')
    return checkpoint_of(pretraining(videos, folder), folder / 'a.pth')


@pytest.fixture(scope='module')
def files(videos):
    return sorted(glob(f'{videos}/videos/**/*.*', recursive=True))[:3]


# ------------------------------------------------------------ what is loaded


def test_a_checkpoint_alone_gives_the_features_of_its_model(
        pretrained, videos, files):
    model, path = pretrained
    clips = pretraining(videos, 'x').val_dataloader.dataset.pipeline
    pipeline = [
        dict(type='SampleFrames', clip_len=4, num_clips=10, test_mode=True)
        if step.type == 'SpeedPairedSampleFrames' else step for step in clips
    ]
    dataset = DATASETS.build(dict(
        type='VideoFolder', data_root=f'{videos}/videos', pipeline=pipeline,
        test_mode=True))
    paths = [osp.abspath(dataset.get_data_info(i)['filename'])
             for i in range(len(dataset))]
    found = ascnet_mm.load_encoder(path).embed(files)
    assert found.shape == (3, 16) and found.dtype == torch.float32
    for row, file in zip(found, files):
        sample = dataset[paths.index(osp.abspath(file))]
        with torch.no_grad():
            sample, = model.val_step(pseudo_collate([sample]))
        torch.testing.assert_close(row, sample.clip_features.mean(dim=0))
    assert (found[0] - found[1]).abs().max() > 1e-4


def test_with_a_config_it_follows_the_configs_protocol(
        pretrained, videos, files, tmp_path):
    _, path = pretrained
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join(f'{osp.abspath(f)} 0\n' for f in files))
    out = tmp_path / 'features.npz'
    options = ['clip_len=4', *TINY[:5]]
    done = run_tool('tools/extract_features.py', RETRIEVAL, path, str(listed),
                    str(out), '--allow-outside', '--work-dir', str(tmp_path),
                    '--cfg-options', *options,
                    'test_dataloader.num_workers=0')
    assert done.returncode == 0, done.stderr[-2000:]
    config = tmp_path / 'config.py'
    cfg = read_config(osp.join(ROOT, RETRIEVAL), {'clip_len': 4})
    for option in TINY[:5]:
        key, value = option.split('=')
        cfg.merge_from_dict({key: int(value)})
    cfg.dump(config)
    found = ascnet_mm.load_encoder(str(config), path).embed(files)
    expected = np.load(out)['features']
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_encoder_and_normalization_are_those_of_the_checkpoint(
        pretrained, files):
    """Not the config's, as in tools/test.py."""
    _, path = pretrained
    found = ascnet_mm.load_encoder(osp.join(ROOT, RETRIEVAL), path)
    alone = ascnet_mm.load_encoder(path)
    assert found.recipe['backbone'] == alone.recipe['backbone']
    for key in ('mean', 'std'):
        assert found.recipe['data_preprocessor'][key] == (
            alone.recipe['data_preprocessor'][key])


@pytest.mark.parametrize('with_config', [True, False])
def test_an_exported_file_is_enough(
        with_config, pretrained, videos, files, tmp_path):
    _, path = pretrained
    config = tmp_path / 'config.py'
    pretraining(videos, tmp_path).dump(config)
    out = str(tmp_path / 'encoder.pth')
    done = run_tool('tools/export.py', *[str(config)] * with_config, path, out)
    assert done.returncode == 0, done.stderr[-2000:]
    assert torch.equal(
        ascnet_mm.load_encoder(out).embed(files),
        ascnet_mm.load_encoder(path).embed(files))


@pytest.mark.parametrize('method', [
    'byol', 'infonce', 'pace', 'rspnet', 'acp', 'clip_order', 'coclr',
    'memdpc'
])
def test_checkpoints_of_the_other_methods(method, files, tmp_path):
    cfg = read_config(
        osp.join(ROOT, f'configs/ascnet/baselines/r18_ucf101_{method}.py'),
        {'model.backbone.base_channels': 2, 'clip_len': 4,
         'scale': (24, 24)})  # yapf: disable
    for name, part in cfg.model.items():
        if name.endswith('_head'):
            part.in_channels = 16
    _, path = checkpoint_of(cfg, tmp_path / 'a.pth')
    found = ascnet_mm.load_encoder(path).embed(files[:1])
    assert found.shape == (1, 16) and found.isfinite().all()


THREE_D = dict(
    model=dict(
        type='Recognizer3D',
        backbone=dict(
            type='ResNet3dSlowOnly', depth=18, base_channels=8,
            pretrained='torchvision://resnet18', lateral=False,
            conv1_kernel=(1, 7, 7), inflate=(0, 0, 1, 1)),
        cls_head=dict(type='I3DHead', in_channels=64, num_classes=3),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[100., 110, 120],
            std=[50., 55, 60], format_shape='NCTHW')),
    frames=dict(
        type='SampleFrames', clip_len=4, frame_interval=2, num_clips=3,
        test_mode=True), crop='ThreeCrop', layout='NCTHW')
TWO_D = dict(
    model=dict(
        type='Recognizer2D',
        backbone=dict(type='ResNet', depth=18, pretrained=None),
        cls_head=dict(type='TSNHead', in_channels=512, num_classes=3),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[100., 110, 120],
            std=[50., 55, 60], format_shape='NCHW')),
    frames=dict(type='SampleFrames', clip_len=1, num_clips=5, test_mode=True),
    crop='CenterCrop', layout='NCHW')


@pytest.mark.parametrize('kind', [THREE_D, TWO_D])
def test_any_recognizer_of_mmaction2(kind, files, tmp_path):
    rest = [
        dict(type='Resize', scale=(-1, 32)),
        dict(type=kind['crop'], crop_size=32),
        dict(type='FormatShape', input_format=kind['layout']),
        dict(type='PackActionInputs')]  # yapf: disable
    dataset = dict(type='VideoDataset', pipeline=[
        dict(type='DecordInit'), kind['frames'], dict(type='DecordDecode'),
        *rest])  # yapf: disable
    config = tmp_path / 'config.py'
    config.write_text(
        f'default_scope = "mmaction"\nmodel = {kind["model"]}\n'
        f'test_dataloader = dict(dataset={dataset})')
    model = MODELS.build(kind['model']).eval()
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    found = ascnet_mm.load_encoder(str(config), path).embed(files)
    reference = init_recognizer(str(config), path, device='cpu')
    # decord converts colors otherwise.
    pipeline = Compose([
        dict(type='OpenVideo'), kind['frames'], dict(type='DecodeFrames'),
        *rest])  # yapf: disable
    for row, file in zip(found, files):
        sample = pipeline(dict(
            filename=file, start_index=0, modality='RGB', label=0))
        batch = reference.data_preprocessor(pseudo_collate([sample]), False)
        with torch.no_grad():
            maps = reference.backbone(batch['inputs'][0])
        torch.testing.assert_close(
            row, maps.flatten(2).mean(dim=2).mean(dim=0))


class TinyMobileNet(nn.Module):
    """As torchvision's: a classifier on pooled features."""

    def __init__(self, width, weights=None):
        super().__init__()
        assert weights is None
        self.features = nn.Conv2d(3, width, 3, stride=2)
        self.classifier = nn.Linear(width, 10)

    def forward(self, images):
        return self.classifier(self.features(images).relu().mean(dim=(2, 3)))


def test_backbones_of_torchvision_by_their_dotted_names(
        files, tmp_path, monkeypatch):
    package, models = (ModuleType(name) for name in (
        'torchvision', 'torchvision.models'))
    package.models, models.tiny = models, TinyMobileNet
    models.list_models = lambda: ['tiny']
    monkeypatch.setitem(sys.modules, 'torchvision', package)
    monkeypatch.setitem(sys.modules, 'torchvision.models', models)
    model = dict(TWO_D['model'], backbone=dict(
        type='torchvision.tiny', width=6, weights='DEFAULT'))
    model['cls_head'] = dict(type='TSNHead', in_channels=6, num_classes=3)
    pipeline = [
        dict(type='DecordInit'), TWO_D['frames'], dict(type='DecordDecode'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs')]  # yapf: disable
    dataset = dict(type='VideoDataset', pipeline=pipeline)
    config = tmp_path / 'config.py'
    config.write_text(f'model = {model}\n'
                      f'test_dataloader = dict(dataset={dataset})')
    torch.manual_seed(0)
    net = TinyMobileNet(6)
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict={
        f'backbone.{key}': value for key, value in net.state_dict().items()
        if not key.startswith('classifier.')}), path)
    encoder = ascnet_mm.load_encoder(str(config), path)
    images = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(
        encoder(images), net.features(images).mean(dim=(2, 3)))
    assert encoder.embed(files[:1]).shape == (1, 6)
    for kind in ('torchvision.list_models', 'torchvision.os'):
        with pytest.raises(InputError, match='is not registered'):
            require_registered(dict(type=kind))
    with pytest.raises(InputError, match='needs timm'):
        require_registered(dict(type='timm.resnet18'))


@pytest.fixture(scope='module')
def classifier(videos, tmp_path_factory):
    """Config, checkpoint and model of a fine-tuned classifier, as it were."""
    folder = tmp_path_factory.mktemp('classifier')
    cfg = finetuning(videos, folder)
    cfg.dump(folder / 'config.py')
    model, path = checkpoint_of(cfg, folder / 'a.pth')
    return str(folder / 'config.py'), path, model


def test_mmaction2s_own_functions_take_our_configs(classifier, files):
    config, path, model = classifier
    found = inference_recognizer(
        init_recognizer(config, path, device='cpu'), files[0])
    steps = Compose(Config.fromfile(config).test_dataloader.dataset.pipeline)
    sample = steps(dict(
        filename=files[0], start_index=0, modality='RGB', label=0))
    with torch.no_grad():
        expected, = model.test_step(pseudo_collate([sample]))
    torch.testing.assert_close(found.pred_score, expected.pred_score)


def test_mmaction2s_inferencer_takes_our_configs(classifier, files):
    config, path, _ = classifier
    inferencer = MMAction2Inferencer(config, path, device='cpu')
    scores, = inferencer(files[0])['predictions'][0]['rec_scores']
    # Its clips are ours, read by decord, whose colors differ a little.
    found = inference_recognizer(
        init_recognizer(config, path, device='cpu'), files[0])
    assert np.corrcoef(scores, found.pred_score)[0, 1] > 0.99


def test_the_preprocessor_follows_the_encoder_to_its_device(pretrained):
    # Its inputs are copied to where it believes to be.
    encoder = ascnet_mm.load_encoder(pretrained[1]).to('meta')
    assert encoder.data_preprocessor.device.type == 'meta'
    # Of which a model that it is a part of knows nothing.
    whole = nn.Sequential(ascnet_mm.load_encoder(pretrained[1])).to('meta')
    asked = []
    whole[0].data_preprocessor.forward = lambda data, training: asked.append(
        whole[0].data_preprocessor.device.type) or data
    with pytest.raises(AttributeError):
        whole[0].encode(SimpleNamespace(inputs=None, data_sample=None))
    assert asked == ['meta']


# ------------------------------------------------------------------- windows


class Brightness(nn.Module):
    """Mean of a clip, in place of an encoder."""

    def forward(self, clips):
        return clips.mean(dim=(1, 2, 3, 4), keepdim=True)[..., 0, 0, 0]


def gray(path, stamps, rate=20):
    """Frame n is a picture of 2 n; shown at its stamp in hundredths."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('ffv1', rate=rate)
        stream.width = stream.height = 32
        stream.pix_fmt = 'gray'
        stream.time_base = stream.codec_context.time_base = Fraction(1, 100)
        for number, stamp in enumerate(stamps):
            picture = np.full((32, 32), 2 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format='gray')
            frame.pts = stamp
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


@pytest.fixture(scope='module')
def brightness():
    """An encoder that tells which frames it was given."""
    encoder = VideoEncoder(
        backbone=dict(type='R3D', base_channels=2),
        data_preprocessor=dict(
            type='ClipDataPreprocessor', mean=[0.] * 3, std=[2.] * 3),
        pipeline=[
            dict(type='OpenVideo'),
            dict(type='SampleFrames', clip_len=4, num_clips=2,
                 test_mode=True),
            dict(type='DecodeFrames'),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs')])  # yapf: disable
    encoder.backbone = Brightness()
    return encoder


def test_windows_hold_the_clips_that_lie_in_them(brightness, tmp_path):
    # 60 frames, 20 a second: clips of 4 fill a window of 20 five times.
    path = gray(tmp_path / 'a.mkv', range(0, 300, 5))
    found = brightness.embed_clips(path, window=1.0, stride=0.5)
    assert found.start.tolist() == [0, 0.5, 1, 1.5, 2]
    assert found.end.tolist() == [1, 1.5, 2, 2.5, 3]
    expected = torch.tensor([9.5, 19.5, 29.5, 39.5, 49.5])[:, None]
    torch.testing.assert_close(found.features, expected, atol=0.02, rtol=0)


def test_the_last_window_may_be_shorter(brightness, tmp_path):
    path = gray(tmp_path / 'a.mkv', range(0, 110, 5))  # 22 frames
    found = brightness.embed_clips(path, window=1.0, stride=1.0)
    assert found.end.tolist() == pytest.approx([1, 1.1])
    # Its clip does not fit and begins before the window.
    torch.testing.assert_close(
        found.features[1], torch.tensor([19.5]), atol=0.02, rtol=0)


def test_a_rounded_duration_makes_no_window_more(brightness, tmp_path):
    # 0.1 a frame: 0.7 - 0.1 is a little less than 0.6, 0.8 - 0.1 more.
    for frames in range(5, 12):
        path = gray(tmp_path / 'a.mkv', range(0, 10 * frames, 10), 10)
        found = brightness.embed_clips(path, window=0.1, stride=0.1)
        assert len(found.start) == frames


def test_times_are_those_of_the_frames(brightness, tmp_path):
    # The first 20 frames take a second, the others four.
    stamps = [*range(0, 100, 5), *range(100, 500, 20)]
    found = brightness.embed_clips(
        gray(tmp_path / 'a.mkv', stamps), window=1.0, stride=1.0)
    assert found.start.tolist() == [0, 1, 2, 3, 4]
    expected = torch.tensor([9.5, 21.5, 26.5, 31.5, 36.5])[:, None]
    # Five frames to a window: one clip of four, from its first frame on
    torch.testing.assert_close(found.features, expected, atol=0.02, rtol=0)


def test_a_video_shorter_than_a_clip_is_played_in_a_loop(
        brightness, tmp_path):
    path = gray(tmp_path / 'a.mkv', [0, 5, 10])
    found = brightness.embed_clips(path)
    assert found.end.tolist() == pytest.approx([0.15])
    torch.testing.assert_close(
        found.features, torch.tensor([[(0 + 1 + 2 + 0) / 4]]), atol=0.02,
        rtol=0)


# ------------------------------------------------------------ what cannot be


def test_what_is_said_of_videos(brightness, files, tmp_path):
    torn = tmp_path / 'torn.mp4'
    torn.write_bytes(b'torn')
    for read in (lambda path: brightness.embed([files[0], path]),
                 brightness.embed_clips):
        with pytest.raises(InputError, match='torn.mp4 cannot be read: '):
            read(str(torn))
    with pytest.raises(InputError, match='takes a list'):
        brightness.embed(files[0])
    with pytest.raises(InputError, match='no videos'):
        brightness.embed([])
    for wrong in (dict(window=0), dict(stride=float('inf')),
                  dict(window=float('nan')), dict(stride=1e-300)):
        with pytest.raises(InputError, match=f'{[*wrong][0]} is a number'):
            brightness.embed_clips(files[0], **wrong)
    with pytest.raises(InputError, match='start is a number of seconds'):
        brightness.embed_clips(files[0], start=-1)


def test_what_is_no_checkpoint_or_device_is_named(pretrained, tmp_path):
    with pytest.raises(InputError, match='is a folder'):
        ascnet_mm.load_encoder(str(tmp_path))
    with pytest.raises(InputError, match='no config.*before its checkpoint'):
        ascnet_mm.load_encoder(pretrained[1], RETRIEVAL)
    for config in (RETRIEVAL, 'ascnet_mm::ascnet/r18_folder.py'):
        with pytest.raises(InputError, match='is a config.* after it'):
            ascnet_mm.load_encoder(config)
    with pytest.raises(InputError, match="device 'foo' cannot be used"):
        ascnet_mm.load_encoder(pretrained[1], device='foo')


def test_it_is_evaluated_also_where_it_is_trained(pretrained, files):
    """A part of it may be in another mode than the rest."""
    encoder = ascnet_mm.load_encoder(pretrained[1])
    expected, digest = encoder.embed(files[:1]), encoder.digest()
    encoder.train()
    encoder.backbone.layer1.eval()
    assert torch.equal(encoder.embed(files[:1]), expected)
    clips = encoder.embed_clips(files[0])
    assert encoder.training and encoder.backbone.layer2.training
    assert not encoder.backbone.layer1[0].training
    assert encoder.digest() == digest
    assert torch.equal(encoder.eval().embed_clips(files[0]).features,
                       clips.features)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float64])
def test_it_may_be_in_another_precision(dtype, pretrained, files):
    encoder = ascnet_mm.load_encoder(pretrained[1])
    single = encoder.embed(files[:1])
    other = encoder.to(dtype).embed(files[:1])
    assert other.dtype == torch.float32
    assert nn.functional.cosine_similarity(single, other) > 0.99


def test_a_checkpoint_that_does_not_say_how_it_is_built(tmp_path):
    path = str(tmp_path / 'a.pth')
    with pytest.raises(InputError, match='a.pth, does not exist'):
        ascnet_mm.load_encoder(path)
    for content in (dict(state_dict={}), dict(meta=[1]), [1],
                    dict(meta=dict(recipe=dict(backbone={})))):
        torch.save(content, path)
        with pytest.raises(InputError, match='give its config as well'):
            ascnet_mm.load_encoder(path)


def test_weights_of_another_encoder(videos, pretrained, tmp_path):
    content = torch.load(pretrained[1], weights_only=False)
    content['meta']['settings']['model']['backbone']['base_channels'] = 4
    path = str(tmp_path / 'a.pth')
    torch.save(content, path)
    with pytest.raises(InputError, match='of another encoder'):
        ascnet_mm.load_encoder(path)


@pytest.mark.parametrize('kind', [
    'os.system', 'tests.test_inference.checkpoint_of', 'antigravity',
    'mmaction.os.system', ['R3D'], None])
@pytest.mark.parametrize('place', ['backbone', 'pipeline'])
def test_nothing_but_registered_components_is_built(kind, place, videos):
    recipe = recipe_of(settings_of(pretraining(videos, 'x')))
    part = recipe[place] if place == 'backbone' else recipe[place][0]
    part['norm_cfg'] = [dict(type=kind, command='true')]
    with pytest.raises(InputError, match='is not registered'):
        require_registered(recipe)


def test_a_recipe_downloads_nothing_and_names_classes():
    recipe = require_registered(dict(
        type='ascnet_mm.models.backbones.r3d.R3D', pretrained='http://x/y',
        init_cfg=dict(type='Pretrained', checkpoint='http://x/y')))
    assert recipe == dict(type='R3D')


EXAMPLE = """
from ascnet_mm.models import ASCNet, ACPHead, R3D, SCPHead
head = dict(in_channels=32, hidden_channels=8, out_channels=8)
ASCNet(backbone=R3D(depth=18, base_channels=4), acp_head=ACPHead(**head),
       scp_head=SCPHead(**head))
"""


def test_a_model_can_be_built_in_a_new_interpreter():
    """Where no runner has set a scope"""
    done = subprocess.run([sys.executable, '-c', EXAMPLE], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_names_are_there_without_the_repository(imported):
    assert {'load_encoder', 'VideoEncoder'} <= set(imported['names'])
