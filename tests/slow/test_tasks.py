"""Methods learn their own task on rendered videos, in minutes."""
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample

from ascnet_mm.preparation.synthetic import CLASSES, render

ORDER = dict(type='ClipOrderHead', in_channels=64, hidden_channels=64)
# Model, sampler, training steps, figure, label, chance and what is enough
TASKS = {
    'ClipOrder': (
        dict(type='ClipOrder', clip_order_head=ORDER),
        dict(type='ShuffledClips', clip_len=8, clips=3, interval=0),
        600, 'order_accuracy', 'order', 1 / 6, 0.3),
    'OPN': (
        dict(type='OPN',
             clip_order_head=dict(ORDER, clips=4, reversible=True)),
        dict(type='ShuffledClips', clip_len=1, clips=4, interval=2),
        1000, 'order_accuracy', 'order', 1 / 12, 0.2),
    'VCP': (
        dict(type='VCP', vcp_head=dict(type='VCPHead', in_channels=64)),
        dict(type='ClozeClips', clip_len=8, interval=0, distance=4),
        400, 'vcp_accuracy', 'operation', 1 / 5, 0.5),
}  # yapf: disable


@lru_cache
def videos(seed, of_a_class):
    """Squares of every second pixel, float32 ``[N, 3, 48, 32, 32]``."""
    rng = np.random.default_rng(seed)
    frames = np.stack([
        render(name, rng)[:, ::2, 8:72:2] for name in CLASSES
        for _ in range(of_a_class)])
    return torch.from_numpy(frames).permute(0, 4, 1, 2, 3) / 64. - 2


def draw(sampler, videos, count, label, permuted=False):
    """A batch of random videos."""
    inputs, samples = [], []
    for video in np.random.randint(len(videos), size=count):
        drawn = sampler.transform(dict(total_frames=48, start_index=0))
        frames = drawn['frame_inds'].reshape(drawn['num_clips'], -1)
        inputs.append(videos[video][:, frames].transpose(0, 1))
        samples.append(dict(sample_seed=int(np.random.randint(2**31)),
                            **{label: drawn[label]}))
    if permuted:
        labels = [sample[label] for sample in samples]
        for sample, other in zip(samples, labels[1:] + labels[:1]):
            sample[label] = other
    return torch.stack(inputs), [
        ActionDataSample(metainfo=sample) for sample in samples]


def learned(task, seed, permuted=False):
    """Share of samples of other videos that is told right."""
    cfg, sampler, steps, accuracy, label, *_ = TASKS[task]
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(dict(
        cfg, backbone=dict(type='R3D', base_channels=8),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    sampler = TRANSFORMS.build(sampler)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        losses = model.loss(
            *draw(sampler, videos(0, 20), 16, label, permuted))
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return np.mean([
            model.loss(*draw(sampler, videos(1, 8), 16, label))[
                accuracy].item() for _ in range(25)])


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('task', TASKS)
def test_a_task_is_learned(task, seed):
    *_, enough = TASKS[task]
    assert learned(task, seed) > enough


@pytest.mark.parametrize('task', TASKS)
def test_labels_of_other_samples_give_chance(task):
    *_, chance, _ = TASKS[task]
    # 400 samples: four deviations
    limit = 4 * (chance * (1 - chance) / 400)**0.5
    assert abs(learned(task, 0, permuted=True) - chance) < limit
