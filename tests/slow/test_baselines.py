"""Each method through training, resuming, export and evaluation."""
import os
import os.path as osp
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.apis import check_pretrained, check_resume, set_pretrained
from ascnet_mm.datasets import (
    OrderedClips,
    SkippingSampleFrames,
    SpeedPairedSampleFrames,
)

from ..configs.test_runs import data, tiny  # noqa: F401
from ..conftest import ROOT, run_tool
from ..helpers.waves import waves


def train(name, data, work_dir, resume=False):  # noqa: F811
    cfg = tiny(f'baselines/r18_ucf101_{name}.py', data, work_dir)
    cfg.train_cfg.update(max_epochs=2, val_interval=2)
    cfg.default_hooks.checkpoint.update(interval=1)
    cfg.randomness, cfg.resume = dict(seed=3), resume
    cfg.experiment_name += f'_{resume}'
    Runner.from_cfg(cfg).train()
    return torch.load(work_dir / 'epoch_2.pth', weights_only=False)


@pytest.mark.parametrize('name', ['random_positive', 'byol', 'infonce',
                                  'pace_contrast', 'rspnet', 'clip_order',
                                  'opn', 'vcp', 'buechler', 'cbt', 'coclr',
                                  'speednet', 'memdpc'])
def test_it_resumes_and_is_exported_and_evaluated(
        name, data, tmp_path):  # noqa: F811
    whole = train(name, data, tmp_path / 'whole')
    (tmp_path / 'resumed').mkdir()
    shutil.copy(tmp_path / 'whole' / 'epoch_1.pth', tmp_path / 'resumed')
    (tmp_path / 'resumed' / 'last_checkpoint').write_text(
        str(tmp_path / 'resumed' / 'epoch_1.pth'))
    resumed = train(name, data, tmp_path / 'resumed', resume=True)
    assert resumed['meta']['iter'] == whole['meta']['iter'] == 4
    for key, value in whole['state_dict'].items():
        assert torch.equal(resumed['state_dict'][key], value), key
    assert ('memory_bank' in whole) == (
        name in ('random_positive', 'infonce', 'coclr', 'rspnet'))
    for speed, ring in whole.get('memory_bank', dict(rings={}))[
            'rings'].items():
        other = resumed['memory_bank']['rings'][speed]
        assert all(torch.equal(other[key], ring[key])
                   for key in ('appearance', 'motion', 'video_ids'))

    other = tiny('baselines/r18_ucf101_pace.py', data, tmp_path / 'other')
    other.train_cfg.update(max_epochs=2)
    other.resume, other.load_from = True, str(tmp_path / 'whole/epoch_1.pth')
    with pytest.raises(InputError, match='another model'):
        check_resume(other)

    encoder = tmp_path / 'encoder.pth'
    done = run_tool(
        'tools/export.py',
        osp.join(ROOT, f'configs/ascnet/baselines/r18_ucf101_{name}.py'),
        str(tmp_path / 'whole' / 'epoch_2.pth'), str(encoder),
        '--cfg-options', 'model.backbone.base_channels=2')
    assert done.returncode == 0, done.stderr[-2000:]
    told = []
    for path in (tmp_path / 'whole' / 'epoch_2.pth', encoder):
        cfg = tiny('retrieval/r18_ucf101.py', data, tmp_path / 'retrieval')
        cfg.load_from, cfg.experiment_name = str(path), path.name
        told.append(Runner.from_cfg(cfg).test())
    assert told[0] == told[1] and told[0]['retrieval/queries'] == 8

    cfg = tiny('finetune/r18_ucf101.py', data, tmp_path / 'finetuned')
    cfg.optim_wrapper.optimizer.lr, cfg.train_cfg.max_epochs = 0., 1
    set_pretrained(cfg, str(encoder))
    check_pretrained(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    for key, value in runner.model.backbone.named_parameters():
        assert torch.equal(value, whole['state_dict'][f'backbone.{key}']), key


@pytest.mark.parametrize('name', ['clip_order', 'opn', 'vcp', 'speednet',
                                  'memdpc', 'buechler', 'cbt', 'infonce',
                                  'coclr'])
def test_two_ranks_end_as_one_process(name, data, tmp_path):  # noqa: F811
    """With GroupNorm, in double precision: weights, losses, accuracies."""
    ended = []
    for ranks in (1, 2):
        folder = tmp_path / str(ranks)
        cfg = tiny(f'baselines/r18_ucf101_{name}.py', data, folder)
        cfg.model.type = f'GroupNorm{cfg.model.type}'
        if name == 'memdpc':  # whose draws are a rank's own
            cfg.model.memdpc_head.dropout = 0.
        if name == 'coclr':  # which mines in a full bank
            cfg.model.memory_bank.size = 5
        cfg.custom_imports.imports += ['tests.slow.ranks']
        cfg.optim_wrapper.type = 'OptimWrapper'
        cfg.train_dataloader.batch_size = 4 // ranks
        cfg.train_cfg.update(max_epochs=2, val_interval=2)
        cfg.default_hooks.checkpoint.update(interval=1)
        cfg.randomness = dict(seed=3)
        folder.mkdir()
        cfg.dump(str(folder / 'config.py'))
        launch = ([osp.join(ROOT, 'tools/dist_train.sh')] if ranks > 1 else
                  [sys.executable, osp.join(ROOT, 'tools/train.py')])
        done = subprocess.run(
            [*launch, str(folder / 'config.py'), *['2'] * (ranks - 1)],
            capture_output=True, text=True, timeout=300,
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': ROOT})
        assert done.returncode == 0, done.stderr[-3000:]
        ended.append(torch.load(folder / 'epoch_2.pth', weights_only=False))
    one, two = ended
    for key, value in one['state_dict'].items():
        torch.testing.assert_close(
            two['state_dict'][key], value, rtol=0, atol=1e-12)
    logged, other = (
        {key: buffer.data[0].tolist() for key, buffer in
         checkpoint['message_hub']['log_scalars'].items()
         if key.startswith('train/loss')
         or key.endswith(('_accuracy', 'mined_similarity'))}
        for checkpoint in ended)
    assert len(logged) == dict(buechler=5, coclr=4).get(name, 3)
    assert name != 'coclr' or logged['train/mined_similarity'][-1] > 0
    for key, values in logged.items():
        # Buechler's accuracies are means over 24 orders, in float32.
        single = name == 'buechler' and key.endswith('_accuracy')
        error = 1e-8 if single else 1e-12
        assert other[key] == pytest.approx(values, abs=error), key


HEAD = dict(in_channels=32, out_channels=32)
LEARNERS = {
    'pace_accuracy': (dict(
        type='Pace', pace_head=dict(type='PaceHead', in_channels=32)),
        dict(speeds=(1, 2, 3, 4), pattern=(0, )), 0.8),  # chance: 0.25
    'rsp_accuracy': (dict(
        type='RSPNet', avid_head=dict(type='InstanceHead', **HEAD),
        rsp_head=dict(type='RSPHead', **HEAD), memory_bank=dict(size=128)),
        dict(speeds=(1, 2), pattern=(0, 0, 1)), 0.75),  # chance: 0.5
}  # yapf: disable


@pytest.mark.parametrize('accuracy', LEARNERS)
def test_the_speed_is_learned_where_it_can_be_seen(accuracy):
    """Of waves that all move alike at 1x."""
    cfg, clips, enough = LEARNERS[accuracy]
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(dict(
        cfg, backbone=dict(type='R3D', base_channels=4),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    sampler = SpeedPairedSampleFrames(8, **clips)
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad],
        lr=0.05, momentum=0.9)
    seen = []
    for _ in range(160):
        inputs, samples = [], []
        for video in np.random.randint(60, size=16):
            drawn = sampler.transform(dict(total_frames=80, start_index=0))
            frames = drawn['frame_inds'].reshape(-1, 8)
            inputs.append(np.stack([waves(video, clip) for clip in frames]))
            samples.append(ActionDataSample(metainfo=dict(
                video_id=int(video), speeds=drawn['speeds'])))
        losses = model.loss(torch.tensor(np.stack(inputs)).float(), samples)
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
        if hasattr(model, 'memory_bank'):
            model.update_target(0.95)
            model.memory_bank.enqueue(model.take_bank_entries())
        seen.append(losses[accuracy].item())
    assert np.mean(seen[-20:]) > enough


# Chance: a half; one of 16 videos x 3 blocks
TASKS = {
    'speed_accuracy': (dict(
        type='SpeedNet', speed_head=dict(type='SpeedHead', in_channels=32)),
        SkippingSampleFrames(clip_len=8), 0.5),
    'memdpc_accuracy': (dict(
        type='MemDPC', memdpc_head=dict(
            type='MemDPCHead', in_channels=32, slots=64)),
        OrderedClips(clip_len=5, clips=8, interval=2, frame_interval=3),
        1 / 48),
}  # yapf: disable


def clips_of(videos, sampler):
    """Clips of waves, ``[B, clips, 3, T, 24, 24]``."""
    found = []
    for video in videos:
        drawn = sampler.transform(dict(total_frames=130, start_index=0))
        frames = drawn['frame_inds'].reshape(drawn['num_clips'], -1)
        found.append(np.stack([waves(video, clip) for clip in frames]))
    return torch.tensor(np.stack(found)).float()


def shuffled(clips):
    """All clips dealt anew, so that nothing tells where one belongs."""
    order = torch.randperm(clips.shape[0] * clips.shape[1])
    return clips.flatten(0, 1)[order].view_as(clips)


def learned(task, seed, change=lambda clips: clips):
    """How often the task is right on 40 videos, after 60 others."""
    cfg, sampler, _ = TASKS[task]
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(dict(
        cfg, backbone=dict(type='R3D', base_channels=4),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    samples = [ActionDataSample(metainfo=dict(speeds=(1., 2.)))] * 16
    for _ in range(160):
        clips = change(clips_of(np.random.randint(60, size=16), sampler))
        losses = model.loss(clips, samples)
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return np.mean([
            model.loss(clips_of(60 + np.random.permutation(40)[:16], sampler),
                       samples)[task].item() for _ in range(8)])


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('task, enough', [
    ('speed_accuracy', 0.65), ('memdpc_accuracy', 0.08)])
def test_a_task_is_learned_for_other_waves(task, enough, seed):
    assert learned(task, seed) > enough


@pytest.mark.parametrize('task', TASKS)
def test_without_order_nothing_is_learned(task):
    chance = TASKS[task][2]
    # Of 256 clips and of 768 blocks: four deviations
    count = 256 if chance == 0.5 else 768
    limit = 4 * (chance * (1 - chance) / count)**0.5
    assert abs(learned(task, 0, shuffled) - chance) < limit
