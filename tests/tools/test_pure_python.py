"""Configs in MMEngine's pure Python style, whose types are classes."""
import pytest
import torch

from ascnet_mm import load_encoder

from ..conftest import run_tool

RUNTIME = '''
from mmengine.hooks import (
    DistSamplerSeedHook, IterTimerHook, LoggerHook, ParamSchedulerHook)
from ascnet_mm.engine import (
    AtomicCheckpointHook, DeferredScalarsHook, ProvenanceHook,
    ResumableEpochLoop, SampleSeedHook, SkippedVideosHook, TerminationHook)

default_scope = 'mmaction'
default_hooks = dict(
    runtime_info=dict(type=DeferredScalarsHook),
    timer=dict(type=IterTimerHook), logger=dict(type=LoggerHook, interval=1),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=AtomicCheckpointHook, interval=1),
    termination=dict(type=TerminationHook),
    provenance=dict(type=ProvenanceHook),
    skipped_videos=dict(type=SkippedVideosHook),
    sampler_seed=dict(type=DistSamplerSeedHook))
train_cfg = dict(type=ResumableEpochLoop, max_epochs=1)
env_cfg = dict(dist_cfg=dict(backend='gloo'))
'''
PRETRAINING = '''
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from torch.optim import SGD
with read_base():
    from .runtime import *
from ascnet_mm.datasets import (
    DecodePlanes, OpenVideo, PackClips, SampleCrops, SpeedPairedSampleFrames,
    VideoFolder)
from ascnet_mm.engine import (
    BFloat16OptimWrapper, MemoryBankHook, MomentumUpdateHook)
from ascnet_mm.models import (
    ACPHead, ASCNet, ClipDataPreprocessor, MemoryBank, R3D, SCPHead)

head = dict(in_channels=16, hidden_channels=8, out_channels=8)
model = dict(
    type=ASCNet, backbone=dict(type=R3D, depth=18, base_channels=2),
    acp_head=dict(type=ACPHead, **head), scp_head=dict(type=SCPHead, **head),
    memory_bank=dict(type=MemoryBank, size=16),
    data_preprocessor=dict(
        type=ClipDataPreprocessor, mean=[120] * 3, std=[60] * 3))
train_dataloader = dict(
    batch_size=4, num_workers=0, drop_last=True,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(type=VideoFolder, data_root='nowhere', indices=8, pipeline=[
        dict(type=OpenVideo),
        dict(type=SpeedPairedSampleFrames, clip_len=4),
        dict(type=DecodePlanes), dict(type=SampleCrops, scale=(24, 24)),
        dict(type=PackClips)]))
optim_wrapper = dict(
    type=BFloat16OptimWrapper, optimizer=dict(type=SGD, lr=0.1))
custom_hooks = [dict(type=MomentumUpdateHook), dict(type=MemoryBankHook),
                dict(type=SampleSeedHook)]
'''
FINETUNING = '''
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.optim import OptimWrapper
from mmaction.datasets.transforms import (
    FormatShape, PackActionInputs, Resize, SampleFrames)
from mmaction.models import I3DHead
from torch.optim import SGD
with read_base():
    from .runtime import *
from ascnet_mm.datasets import DecodeFrames, OpenVideo, VideoList
from ascnet_mm.engine import PretrainedEncoderHook
from ascnet_mm.models import ActionRecognizer, ClipDataPreprocessor, R3D

classes = 8
model = dict(
    type=ActionRecognizer, backbone=dict(type=R3D, depth=18, base_channels=2),
    cls_head=dict(type=I3DHead, in_channels=16, num_classes=classes),
    data_preprocessor=dict(
        type=ClipDataPreprocessor, mean=[120] * 3, std=[60] * 3))
train_dataloader = dict(
    batch_size=4, num_workers=0, drop_last=True,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(type=VideoList, data_root='nowhere', ann_file='train.txt',
                 data_prefix=dict(video='videos'), indices=8, pipeline=[
        dict(type=OpenVideo), dict(type=SampleFrames, clip_len=4),
        dict(type=DecodeFrames), dict(type=Resize, scale=(24, 24),
                                      keep_ratio=False),
        dict(type=FormatShape, input_format='NCTHW'),
        dict(type=PackActionInputs, meta_keys=('filename', 'sample_seed'))]))
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=0.1))
custom_hooks = [dict(type=PretrainedEncoderHook, checkpoint=None),
                dict(type=SampleSeedHook)]
'''


@pytest.fixture
def run(videos, tmp_path):
    for name, text in (('runtime', RUNTIME), ('pretraining', PRETRAINING),
                       ('finetuning', FINETUNING)):
        (tmp_path / f'{name}.py').write_text(text)

    def train(name, *options, args=()):
        root = f'{videos}/videos' if name == 'pretraining' else videos
        return run_tool(
            'tools/train.py', str(tmp_path / f'{name}.py'), '--work-dir',
            str(tmp_path / name), *args, '--cfg-options',
            f'train_dataloader.dataset.data_root={root}', *options)

    return train


def test_a_whole_chain_in_pure_python(run, tmp_path):
    first = run('pretraining', args=['--amp'])
    assert first.returncode == 0, first.stdout + first.stderr
    encoder = tmp_path / 'pretraining' / 'epoch_1.pth'
    missing = run('finetuning')
    assert missing.returncode == 1 and '--pretrained' in missing.stderr
    loaded = load_encoder(str(encoder))
    assert loaded.recipe['data_preprocessor']['mean'] == [120] * 3
    second = run('finetuning', 'optim_wrapper.optimizer.lr=0',
                 args=['--pretrained', str(encoder), '--amp'])
    assert second.returncode == 0, second.stdout + second.stderr
    before, after = (
        torch.load(tmp_path / name / 'epoch_1.pth', weights_only=False)
        ['state_dict']['backbone.conv1.conv.weight']
        for name in ('pretraining', 'finetuning'))
    assert torch.equal(before, after)
    refused = run('finetuning', 'classes=3')
    assert refused.returncode == 1
    assert 'pure Python' in refused.stderr and 'Traceback' not in (
        refused.stderr)
