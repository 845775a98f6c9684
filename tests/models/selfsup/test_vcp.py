"""VCP's head, and what it does to pixels, written out once more."""
from itertools import permutations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.vcp import VCPHead, move_pixels

from .test_base import make, stacked

OPERATIONS = ('none', 'rotation', 'tiles', 'quarters', 'remote')


def test_loss_is_the_cross_entropy_of_the_operation():
    torch.manual_seed(0)
    head = VCPHead(4).double()
    x = torch.randn(7, 3, 4, dtype=torch.float64)
    operations = [OPERATIONS[label] for label in (4, 0, 1, 2, 3, 0, 1)]
    told = head.loss(x, operations)
    weight, bias = (p.detach().numpy() for p in (head.classifier.weight,
                                                 head.classifier.bias))
    loss = right = 0
    for sample, name in zip(x.numpy(), operations):
        logits = weight @ np.concatenate(list(sample)) + bias
        label = OPERATIONS.index(name)
        loss += (np.log(np.exp(logits).sum()) - logits[label]) / 7
        right += (logits.argmax() == label) / 7
    assert told['loss_vcp'].item() == pytest.approx(loss, abs=1e-12)
    assert told['vcp_accuracy'].item() == pytest.approx(right, abs=1e-6)


def rotations(clip):
    return [torch.rot90(clip, turns, (2, 3)) for turns in (1, 2, 3)]


def tilings(clip):
    """All 23 that are not the clip itself."""
    half = clip.shape[-1] // 2
    tiles = [clip[..., :half, :half], clip[..., :half, half:],
             clip[..., half:, :half], clip[..., half:, half:]]
    return [
        torch.cat([torch.cat([tiles[a], tiles[b]], dim=3),
                   torch.cat([tiles[c], tiles[d]], dim=3)], dim=2)
        for a, b, c, d in permutations(range(4)) if (a, b, c, d) != (
            0, 1, 2, 3)
    ]  # yapf: disable


@pytest.mark.parametrize('name, ways, count', [('rotation', rotations, 3),
                                               ('tiles', tilings, 23)])
def test_pixels_move_in_every_way_and_by_the_seed_alone(name, ways, count):
    clip = torch.rand(3, 2, 6, 6)
    seeds = list(range(200))
    moved = move_pixels(clip.expand(200, -1, -1, -1, -1), [name] * 200, seeds)
    expected = ways(clip)
    found = [
        [torch.equal(one, way) for way in expected].index(True)
        for one in moved
    ]
    counts = np.bincount(found, minlength=count)
    assert len(counts) == count and counts.min() > 0
    assert counts.max() < 3 * 200 / count
    alone = move_pixels(clip[None], [name], [seeds[7]])
    assert torch.equal(alone[0], moved[7])


@pytest.mark.parametrize('name', ['none', 'quarters', 'remote'])
def test_other_operations_leave_pixels_where_they_are(name):
    clips = torch.rand(2, 3, 2, 6, 6)
    moved = move_pixels(clips, [name, 'rotation'], [1, 1])
    assert torch.equal(moved[0], clips[0])
    assert not torch.equal(moved[1], clips[1])


def test_only_the_middle_clip_is_moved():
    model, _ = make('VCP')
    clips, samples = stacked('VCP')
    seen = []
    model.backbone.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]))
    model.loss(clips, samples)
    first, middle, last = seen[0].unflatten(0, (3, 3))
    assert torch.equal(first, clips[:, 0]) and torch.equal(last, clips[:, 2])
    assert torch.equal(middle, move_pixels(
        clips[:, 1], [s.operation for s in samples],
        [s.sample_seed for s in samples]))


@pytest.mark.parametrize('size', [(6, 8), (7, 7)])
def test_clips_that_have_no_tiles_or_cannot_be_turned_are_refused(size):
    with pytest.raises(InputError, match=f'not {size[0]} x {size[1]}'):
        move_pixels(torch.rand(1, 3, 2, *size), ['none'], [0])


def test_an_operation_that_is_no_class_is_named():
    head = VCPHead(4, operations=('none', 'tiles'))
    with pytest.raises(InputError, match=r"\['rotation'\] to clips"):
        head.loss(torch.rand(2, 3, 4), ['none', 'rotation'])


def test_clips_of_another_sampler_are_named():
    model, _ = make('VCP')
    clips, samples = stacked('VCP')
    samples[2] = ActionDataSample(metainfo=dict(sample_seed=7))
    with pytest.raises(InputError, match='ClozeClips has to choose'):
        model.loss(clips, samples)
