"""Keys found among others, of videos that were not learned from."""
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from ascnet_mm.datasets import SpeedPairedSampleFrames

from ..helpers.waves import waves

HEAD = dict(in_channels=32, out_channels=16)
# 64 keys of both speeds
BANK = dict(size=32)
# Model, its positives among 65 keys, what is enough
TASKS = {
    'InfoNCE': (
        dict(type='InfoNCE', nce_head=dict(HEAD, type='InfoNCEHead')), 1,
        0.2),
    'CoCLR': (
        dict(type='CoCLR', nce_head=dict(HEAD, type='CoCLRHead')), 6, 0.17),
}


def batch(videos, paired):
    """Clips of waves and their samples; with the key's in gray, its pair."""
    sampler = SpeedPairedSampleFrames(8, speeds=(1, 2))
    inputs, samples = [], []
    for video in videos:
        drawn = sampler.transform(dict(total_frames=80, start_index=0))
        clips = [waves(video, frames)
                 for frames in drawn['frame_inds'].reshape(-1, 8)]
        speeds = drawn['speeds']
        if paired:
            gray = clips[1].mean(axis=0, keepdims=True)
            clips.append(gray.repeat(3, axis=0))
            speeds = (*speeds, speeds[1])
        inputs.append(np.stack(clips))
        samples.append(ActionDataSample(
            metainfo=dict(video_id=int(video), speeds=speeds)))
    return torch.tensor(np.stack(inputs)).float(), samples


def dealt_anew(inputs):
    """No two clips of a sample are of one video."""
    return torch.stack([clips.roll(place, dims=0)
                        for place, clips in enumerate(inputs.unbind(1))], 1)


def learned(task, seed, change=lambda inputs: inputs):
    """How often a key is found for 40 videos, after 60 others."""
    cfg, _, _ = TASKS[task]
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(dict(
        cfg, backbone=dict(type='R3D', base_channels=4), memory_bank=BANK,
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    optimizer = torch.optim.Adam(
        [weight for weight in model.parameters() if weight.requires_grad],
        lr=3e-3)
    told = []
    for step in range(352):
        trains = step < 320
        model.train(trains)
        videos = (np.random.randint(60, size=16) if trains else
                  60 + np.random.permutation(40)[:16])
        inputs, samples = batch(videos, paired=task == 'CoCLR')
        with torch.set_grad_enabled(trains):
            losses = model.loss(change(inputs), samples)
        if trains:
            optimizer.zero_grad()
            model.parse_losses(losses)[0].backward()
            optimizer.step()
            model.update_target(0.9)
        elif step >= 328:  # The bank holds keys of these videos alone.
            told.append(losses['nce_accuracy'].item())
        model.memory_bank.enqueue(model.take_bank_entries())
    return np.mean(told)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('task', TASKS)
def test_a_key_is_found(task, seed):
    assert learned(task, seed) > TASKS[task][2]


@pytest.mark.parametrize('task', TASKS)
def test_keys_of_any_video_are_found_by_chance(task):
    chance = TASKS[task][1] / 65
    # 384 queries: four deviations
    limit = 4 * (chance * (1 - chance) / 384)**0.5
    assert abs(learned(task, 0, dealt_anew) - chance) < limit
