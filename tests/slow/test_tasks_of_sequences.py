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


def dealt_anew(x):
    """Features of pieces ``[N, pieces, C]``, each now any video's, anywhere.
    """
    return x.flatten(0, 1)[torch.randperm(x.shape[0] * x.shape[1])].view_as(x)


def learned(task, rendered, seed, permuted=False):
    """The accuracy on videos that were kept out."""
    model, sampler, steps, accuracy, *_ = TASKS[task]
    torch.manual_seed(seed)
    np.random.seed(seed)
    model = MODELS.build(dict(
        model, backbone=dict(type='R3D', base_channels=FEATURES // 8),
        data_preprocessor=dict(type='ActionDataPreprocessor')))
    losses_of = [(head, head.loss) for head in model.children()
                 if hasattr(head, 'loss')]
    if permuted:
        for head, loss in losses_of:
            head.loss = lambda x, loss=loss: loss(dealt_anew(x))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    learned_from, others = rendered
    for _ in range(steps):
        losses = model.loss(batch(learned_from, sampler), [])
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    for head, loss in losses_of:
        head.loss = loss
    model.eval()
    with torch.no_grad():
        return np.mean([
            model.loss(batch(others, sampler), [])[accuracy].item()
            for _ in range(24)])


_permutations = dict(
    type='PermutationHead', in_channels=FEATURES, hidden_channels=128)
# Model, sampler, steps, figure, chance, what is enough. The order of time is
# not learned in so few steps; of the clips of a batch, who knows its video
# alone finds 1 of 4.
TASKS = {
    'Buechler': (
        dict(type='Buechler', space_head=_permutations,
             time_head=_permutations),
        OrderedClips(8, 1, frame_interval=4), 240, 'space_accuracy', 1 / 24,
        0.25),
    'CBT': (
        dict(type='CBT', cbt_head=dict(
            type='CBTHead', in_channels=FEATURES, clips=4,
            hidden_channels=64)),
        OrderedClips(4, 4, 4), 300, 'cbt_accuracy', 1 / 32, 0.12),
}


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('task', TASKS)
def test_a_task_is_learned(task, rendered, seed):
    *_, enough = TASKS[task]
    assert learned(task, rendered, seed) > enough


@pytest.mark.parametrize('task', TASKS)
def test_pieces_without_a_place_give_chance(task, rendered):
    *_, chance, _ = TASKS[task]
    # 768 masked clips; 192 clips in 24 orders, which are not independent
    limit = 4 * (chance * (1 - chance) / 192)**0.5
    assert abs(learned(task, rendered, 0, permuted=True) - chance) < limit
