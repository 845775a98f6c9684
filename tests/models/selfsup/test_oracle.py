"""Algorithm 1, written out once more and compared step by step."""
from copy import deepcopy
from math import cos, pi
from typing import Dict, List

import pytest
import torch

from ...conftest import tiny_batch, tiny_model, train_on

SPEEDS = [(1, 2), (2, 1), (1, 2), (2, 1)]
# In the second and third step the bank has nothing for some clips at 4x.
THREE_SPEEDS = [SPEEDS, [(1, 4), (2, 1), (4, 2), (1, 4)],
                [(4, 1), (1, 2), (2, 4), (1, 2)], SPEEDS, SPEEDS]
STEPS = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 5, 8, 9], [1, 4, 8, 2], [3, 3, 6, 0]]
LR, MOMENTUM, TAU = 0.1, 0.9, 0.9


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


class Oracle:
    """The method in plain PyTorch: lists for banks, loops for formulas."""

    def __init__(self, model, gamma: float, size: int,
                 directions=((0, 1), )) -> None:
        modules = dict(
            f=model.backbone,
            g_a=model.acp_head.projection,
            g_m=model.scp_head.projection,
            h_a=model.acp_head.predictor,
            h_m=model.scp_head.predictor)
        self.online = {k: deepcopy(m).train() for k, m in modules.items()}
        self.target = {k: deepcopy(self.online[k]) for k in ('f', 'g_a',
                                                             'g_m')}
        self.gamma, self.size, self.directions = gamma, size, directions
        self.banks: Dict[int, List[tuple]] = {1: [], 2: [], 4: []}
        self.parameters = [
            p for m in self.online.values() for p in m.parameters()
        ]
        self.velocity = [torch.zeros_like(p) for p in self.parameters]

    def losses(self, batch) -> dict:
        """Lines 5-20 for a batch; leaves the bank as it is."""
        clips = torch.stack(batch['inputs'])
        samples = batch['data_samples']
        appearance, motion, entries = [], [], []
        for i, j in self.directions:
            x_i, a_j, m_j = self.features(clips[:, i], clips[:, j])
            prediction_a = unit(self.online['h_a'](self.online['g_a'](x_i)))
            prediction_m = unit(self.online['h_m'](self.online['g_m'](x_i)))
            for row, sample in enumerate(samples):
                appearance.append(((prediction_a[row] - a_j[row])**2).sum())
                candidates = [
                    (float(a @ a_j[row]), m)
                    for a, m, video in self.banks[sample.speeds[i]]
                    if video != sample.video_id
                ]
                if candidates:
                    m_k = max(candidates, key=lambda pair: pair[0])[1]
                    motion.append(((prediction_m[row] - m_k)**2).sum())
                entries.append(
                    (sample.speeds[j], (a_j[row], m_j[row], sample.video_id)))
        loss_a = sum(appearance) / len(appearance)
        # Each that was found counts the same, whatever its direction.
        loss_m = (
            sum(motion) / len(motion) if motion else prediction_m.sum() * 0)
        return dict(
            loss=self.gamma * loss_m + (1 - self.gamma) * loss_a,
            loss_acp=loss_a, loss_scp=loss_m), entries  # yapf: disable

    def features(self, online, target):
        """x_i with gradient, a_j and m_j without."""
        with torch.no_grad():
            x_j = self.target['f'](target).mean(dim=(2, 3, 4))
            a_j = unit(self.target['g_a'](x_j))
            m_j = unit(self.target['g_m'](x_j))
        return self.online['f'](online).mean(dim=(2, 3, 4)), a_j, m_j

    def update(self, step: int, steps: int) -> None:
        """Lines 21 and 22, with BYOL's schedule of the momentum."""
        with torch.no_grad():
            for p, v in zip(self.parameters, self.velocity):
                v.mul_(MOMENTUM).add_(p.grad)
                p.sub_(LR * v)
                p.grad = None
            tau = 1 - (1 - TAU) * (cos(pi * step / steps) + 1) / 2
            for name, module in self.target.items():
                for xi, theta in zip(module.parameters(),
                                     self.online[name].parameters()):
                    xi.copy_(tau * xi + (1 - tau) * theta)

    def enqueue(self, entries) -> None:
        """Section C: the most recent K of each speed."""
        for speed, entry in entries:
            self.banks[speed] = (self.banks[speed] + [entry])[-self.size:]


@pytest.mark.parametrize('gamma', [0., 0.5, 1.])
@pytest.mark.parametrize('accumulated', [1, 2])
def test_five_steps_equal_algorithm_1(gamma, accumulated, tmp_path):
    """Losses, weights, target and banks agree to 1e-6.

    K = 7 and 2 entries a step and speed: the bank wraps around within a
    batch; video 3 stands twice in a batch; others come back.
    """
    torch.manual_seed(0)
    model = tiny_model(gamma=gamma).double()
    model.reset_target()
    generator = torch.Generator().manual_seed(1)
    batches = [tiny_batch(ids, SPEEDS, generator) for ids in STEPS]
    oracle = Oracle(model, gamma, size=7)

    updates = -(-len(STEPS) // accumulated)
    expected = []
    for index, batch in enumerate(batches):
        losses, entries = oracle.losses(batch)
        # MMEngine averages over what is accumulated; the last step of five
        # stands alone.
        share = 1 if accumulated == 1 or index == 4 else accumulated
        (losses['loss'] / share).backward()
        if (index + 1) % accumulated == 0 or index == 4:
            oracle.update(index // accumulated, updates)
        oracle.enqueue(entries)
        expected.append({k: v.item() for k, v in losses.items()})
    assert expected[0]['loss_scp'] == 0 < expected[1]['loss_scp']

    seen = train_on(
        model, deepcopy(batches), str(tmp_path), [
            dict(type='MomentumUpdateHook', momentum=TAU),
            dict(type='MemoryBankHook')
        ],
        accumulative_counts=accumulated,
        optimizer=dict(type='SGD', lr=LR, momentum=MOMENTUM))

    for ours, theirs in zip(seen, expected):
        for key in ('loss', 'loss_acp', 'loss_scp'):
            assert ours[key] == pytest.approx(theirs[key], abs=1e-6)
    pairs = [(model.backbone, oracle.online['f']),
             (model.acp_head.projection, oracle.online['g_a']),
             (model.acp_head.predictor, oracle.online['h_a']),
             (model.scp_head.projection, oracle.online['g_m']),
             (model.scp_head.predictor, oracle.online['h_m']),
             (model.target_backbone, oracle.target['f']),
             (model.acp_head.target_projection, oracle.target['g_a']),
             (model.scp_head.target_projection, oracle.target['g_m'])]
    for ours, theirs in pairs:
        for (key, p), q in zip(ours.state_dict().items(),
                               theirs.state_dict().values()):
            torch.testing.assert_close(
                p, q, rtol=0, atol=1e-6, msg=lambda m, k=key: f'{k}: {m}')
    for speed in (1, 2):
        entries = oracle.banks[speed]
        ring = model.memory_bank._rings[speed]
        order = [(ring.next + i) % 7 for i in range(7)][-ring.filled:]
        assert ring.filled == len(entries) == 7
        for slot, (a, m, video) in zip(order, entries):
            assert ring.video_ids[slot] == video
            torch.testing.assert_close(
                ring.appearance[slot], a, rtol=0, atol=1e-6)
            torch.testing.assert_close(
                ring.motion[slot], m, rtol=0, atol=1e-6)


def test_both_directions_equal_algorithm_1_over_all_that_was_found():
    """The bank holds speeds that differ between the directions."""
    torch.manual_seed(0)
    model = tiny_model(symmetric=True).double()
    model.reset_target()
    generator = torch.Generator().manual_seed(1)
    oracle = Oracle(model, 0.5, size=7, directions=((0, 1), (1, 0)))
    uneven = 0
    for ids, speeds in zip(STEPS, THREE_SPEEDS):
        batch = tiny_batch(ids, speeds, generator)
        expected, entries = oracle.losses(batch)
        found = [[any(video != row for *_, video in oracle.banks[speed[i]])
                  for row, speed in zip(ids, speeds)] for i in (0, 1)]
        uneven += 0 < sum(found[0]) != sum(found[1]) > 0
        losses = model.loss(**stacked(batch))
        assert losses['scp_target_share'].item() == pytest.approx(
            sum(found[0] + found[1]) / 8)
        for key in ('loss_acp', 'loss_scp'):
            torch.testing.assert_close(losses[key], expected[key])
        ours, theirs = [
            torch.autograd.grad(loss, [encoder.conv.weight])[0]
            for loss, encoder in ((losses['loss_scp'], model.backbone),
                                  (expected['loss_scp'], oracle.online['f']))
        ]
        torch.testing.assert_close(ours, theirs)
        oracle.enqueue(entries)
        model.memory_bank.enqueue(model.take_bank_entries())
    assert uneven


def test_the_bank_of_the_online_clips_speed_is_searched():
    """An entry at c_j's speed alone is no target for c_i."""
    model = tiny_model().double()
    generator = torch.Generator().manual_seed(0)
    ids = [0, 1, 2, 3]
    # All target clips at 2x: only the bank of 2x fills.
    model.loss(**stacked(tiny_batch(ids, [(1, 2)] * 4, generator)))
    model.memory_bank.enqueue(model.take_bank_entries())
    again = tiny_batch([4, 5, 6, 7], [(1, 2)] * 4, generator)
    assert model.loss(**stacked(again))['scp_target_share'] == 0
    exchanged = tiny_batch([4, 5, 6, 7], [(2, 1)] * 4, generator)
    assert model.loss(**stacked(exchanged))['scp_target_share'] == 1


def stacked(batch: dict) -> dict:
    return dict(batch, inputs=torch.stack(batch['inputs']))
