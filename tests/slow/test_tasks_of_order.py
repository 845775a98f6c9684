"""Methods learn their own task on rendered videos, in minutes."""
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample
from torch import nn

from ascnet_mm.preparation.synthetic import CLASSES, render


@MODELS.register_module()
class PlacesEncoder(nn.Sequential):
    """Convolutions whose features keep where things are, ``[N, 512]``."""

    def __init__(self):
        super().__init__(*(
            part for before, after in ((3, 16), (16, 32), (32, 32))
            for part in (
                nn.Conv3d(before, after, 3, stride=(1, 2, 2), padding=1),
                nn.BatchNorm3d(after), nn.ReLU())))

    def forward(self, clips):
        return super().forward(clips).mean(dim=2).flatten(1)


ORDER = dict(type='ClipOrderHead', in_channels=512, hidden_channels=128)
# Model, sampler, what is left of the light in the last frame, training steps,
# figure, label, chance and what is enough. ClipOrder and OPN learn in videos
# that fade; without a fade they were at chance after 400 steps.
TASKS = {
    'ClipOrder': (
        dict(type='ClipOrder', clip_order_head=ORDER),
        dict(type='ShuffledClips', clip_len=4, clips=3, interval=8), 0.2,
        120, 'order_accuracy', 'order', 1 / 6, 0.8),
    'OPN': (
        dict(type='OPN',
             clip_order_head=dict(ORDER, clips=4, reversible=True)),
        dict(type='ShuffledClips', clip_len=1, clips=4, interval=10), 0.2,
        200, 'order_accuracy', 'order', 1 / 12, 0.5),
    'VCP': (
        dict(type='VCP', vcp_head=dict(type='VCPHead', in_channels=512)),
        dict(type='ClozeClips', clip_len=4, interval=2, distance=6), 1.,
        800, 'vcp_accuracy', 'operation', 1 / 5, 0.35),
}  # yapf: disable


@lru_cache
def videos(seed, of_a_class, last):
    """Squares of every second pixel, float32 ``[N, 3, 48, 32, 32]``.

    They fade until the last frame, whose levels are multiplied by ``last``.
    """
    rng = np.random.default_rng(seed)
    frames = np.stack([
        render(name, rng)[:, ::2, 8:72:2] for name in CLASSES
        for _ in range(of_a_class)])
    fade = torch.linspace(1, last, 48)[:, None, None]
    return torch.from_numpy(frames).permute(0, 4, 1, 2, 3) * fade / 64 - 2


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
    cfg, sampler, last, steps, accuracy, label, *_ = TASKS[task]
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(dict(
        cfg, backbone=dict(type='PlacesEncoder'),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    sampler = TRANSFORMS.build(sampler)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        losses = model.loss(
            *draw(sampler, videos(0, 20, last), 16, label, permuted))
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return np.mean([
            model.loss(*draw(sampler, videos(1, 8, last), 16, label))[
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
