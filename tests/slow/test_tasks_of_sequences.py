"""Tasks learned on rendered videos, and judged on others."""
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm.datasets import OrderedClips
from ascnet_mm.preparation.synthetic.rendering import CLASSES, render

SIZE, FEATURES = 32, 64


@pytest.fixture(scope='module')
def rendered():
    """Videos at half their size, ``[48, 32, 40, 3]``: to learn, to judge."""

    def video(number):
        frames = render(list(CLASSES)[number % len(CLASSES)],
                        np.random.default_rng((0, number)))
        small = frames.reshape(48, 32, 2, 40, 2, 3).mean(axis=(2, 4))
        return small.astype(np.float32) / 64 - 2

    return ([video(number) for number in range(64)],
            [video(number) for number in range(1000, 1032)])


def batch(videos, sampler):
    """Clips of eight videos, each video cut at a place of its own."""
    clips = []
    for number in np.random.randint(len(videos), size=8):
        drawn = sampler.transform(dict(total_frames=48, start_index=0))
        left = np.random.randint(40 - SIZE + 1)
        frames = videos[number][drawn['frame_inds'], :, left:left + SIZE]
        clips.append(
            frames.reshape(drawn['num_clips'], -1, SIZE, SIZE, 3).transpose(
                0, 4, 1, 2, 3))
    return torch.from_numpy(np.stack(clips))


def learn(model, sampler, rendered, steps):
    """Accuracies on the videos that were kept out."""
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(dict(
        model, backbone=dict(type='R3D', base_channels=FEATURES // 8),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    learned, others = rendered
    for _ in range(steps):
        losses = model.loss(batch(learned, sampler), [])
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        told = [model.loss(batch(others, sampler), []) for _ in range(12)]
    return {key: np.mean([losses[key].item() for losses in told])
            for key in told[0] if 'accuracy' in key}


def permutation_heads():
    head = dict(type='PermutationHead', in_channels=FEATURES,
                hidden_channels=128)
    return dict(type='Buechler', space_head=head, time_head=head)


def test_tiles_are_put_in_order(rendered):
    """Chance: 1/24. The order of time is not learned in so few steps."""
    told = learn(permutation_heads(), OrderedClips(8, 1, frame_interval=4),
                 rendered, 240)
    assert told['space_accuracy'] > 0.25


def test_a_masked_clip_is_found(rendered):
    """Among the 32 of a batch; who knows its video alone finds 1 of 4."""
    told = learn(
        dict(type='CBT', cbt_head=dict(
            type='CBTHead', in_channels=FEATURES, clips=4,
            hidden_channels=64)), OrderedClips(4, 4, 4), rendered, 300)
    assert told['cbt_accuracy'] > 0.12
