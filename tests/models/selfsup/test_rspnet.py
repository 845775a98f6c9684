"""RSPNet's losses and queue, written out once more."""
from copy import deepcopy

import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.rspnet import InstanceHead, RSPHead

from ...conftest import tiny_batch, train_on
from .test_base import make, stacked

TEMPERATURE, MARGIN = 0.07, 2.


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cross_entropy(positive, negatives):
    logits = np.array([positive, *negatives]) / TEMPERATURE
    return -np.log(np.exp(positive / TEMPERATURE) / np.exp(logits).sum())


def avid(query, same, other, negatives):
    """Cross entropy for either key; `negatives` is a list per query."""
    return np.mean([
        cross_entropy(q @ key, [q @ n for n in rows])
        for q, s, o, rows in zip(query, same, other, negatives)
        for key in (s, o)
    ]) * 2


def rsp(query, same, other):
    return np.mean([
        max(0, MARGIN - (q @ s / TEMPERATURE - q @ o / TEMPERATURE))
        for q, s, o in zip(query, same, other)
    ])


def test_losses_are_those_of_the_code():
    rows = unit(np.random.default_rng(0).normal(size=(4, 6, 5)))
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    query, same, other, queue = map(torch.from_numpy, rows)
    negatives = query @ queue.T
    negatives[2, 4] = -torch.inf
    lists = [[n for j, n in enumerate(rows[3]) if (i, j) != (2, 4)]
             for i in range(6)]
    loss = InstanceHead(4, 5).loss(query, same, other, negatives)
    assert loss.item() == pytest.approx(avid(*rows[:3], lists), abs=1e-9)

    told = RSPHead(4, 5).loss(query, same, other)
    expected = rsp(*rows[:3])
    assert told['loss_rsp'].item() == pytest.approx(expected, abs=1e-9)
    each = [rsp(*(r[i:i + 1] for r in rows[:3])) for i in range(6)]
    assert min(each) == 0 < max(each)  # either side of the hinge
    similar = sum(q @ s > q @ o for q, s, o in zip(*rows[:3]))
    assert told['rsp_accuracy'].item() == pytest.approx(similar / 6)


def test_without_other_videos_there_is_nothing_to_discriminate():
    model, _ = make('RSPNet')
    losses = model.loss(*stacked('RSPNet'))
    assert losses['loss_avid'] == 0 < losses['loss_rsp']


SPEEDS = [(1, 1, 2), (2, 2, 1), (1, 1, 2), (2, 2, 1)]
STEPS = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 5, 8, 9], [1, 4, 8, 2], [3, 3, 6, 0]]


def test_five_steps_have_the_queue_of_the_formula(tmp_path):
    """Negatives are the most recent keys of other videos, 7 per speed.

    The queue wraps around within a batch, video 3 stands twice in one, others
    come back. The learning rate is 0 and the momentum 1: keys of a video are
    those of the untrained network, whatever the step.
    """
    torch.manual_seed(0)
    model, _ = make('RSPNet')
    model.reset_target()
    reference = deepcopy(model)
    generator = torch.Generator().manual_seed(1)
    batches = [tiny_batch(ids, SPEEDS, generator) for ids in STEPS]
    seen = train_on(
        model, deepcopy(batches), str(tmp_path), [
            dict(type='MomentumUpdateHook', momentum=1.),
            dict(type='MemoryBankHook')
        ],
        optimizer=dict(type='SGD', lr=0.))

    queues = {1: [], 2: []}
    for batch, losses in zip(batches, seen):
        clips = torch.stack(batch['inputs'])
        a, m = [], []
        with torch.no_grad():
            for clip in range(3):
                x = reference.backbone(clips[:, clip]).mean(dim=(2, 3, 4))
                a.append(unit(reference.avid_head.projection(x).numpy()))
                m.append(unit(reference.rsp_head.projection(x).numpy()))
        ids = [sample.video_id for sample in batch['data_samples']]
        negatives = [[
            key for queue in queues.values() for video, key in queue
            if video != own
        ] for own in ids]
        assert losses['loss_avid'] == pytest.approx(
            avid(*a, negatives), abs=1e-9)
        assert losses['loss_rsp'] == pytest.approx(rsp(*m), abs=1e-9)
        assert losses['loss'] == pytest.approx(
            losses['loss_avid'] + losses['loss_rsp'], abs=1e-9)
        for video, key, (_, _, speed) in zip(ids, a[2], SPEEDS):
            queues[speed] = (queues[speed] + [(video, key)])[-7:]
    assert min(map(len, queues.values())) == 7
    for speed, queue in queues.items():
        ring = model.memory_bank._rings[speed]
        order = [(ring.next + i) % 7 for i in range(7)]
        assert ring.video_ids[order].tolist() == [v for v, _ in queue]
        np.testing.assert_allclose(
            ring.appearance[order], [key for _, key in queue], atol=1e-9)


@pytest.mark.parametrize('speeds', [(1, 2, 1), (1, 1, 1), (1, 2, 2)])
def test_clips_of_other_speeds_are_refused(speeds):
    model, _ = make('RSPNet')
    clips, samples = stacked('RSPNet')
    for sample in samples:
        sample.set_metainfo(dict(speeds=speeds))
    with pytest.raises(InputError, match=r'set pattern=\(0, 0, 1\)'):
        model.loss(clips, samples)


def test_heads_may_differ_in_size():
    """The queue holds what one of them gives."""
    model, _ = make('RSPNet')
    model.rsp_head = RSPHead(4, out_channels=3).double()
    for _ in range(2):
        model.loss(*stacked('RSPNet'))
        model.memory_bank.enqueue(model.take_bank_entries())
    assert model.loss(*stacked('RSPNet'))['loss_avid'] > 0
