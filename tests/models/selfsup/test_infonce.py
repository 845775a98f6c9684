"""InfoNCE's training, written out once more in lists and loops."""
from copy import deepcopy
from math import exp, log

import pytest
import torch
from torch import nn

from ascnet_mm.models.selfsup.infonce import InfoNCEHead

from ...conftest import tiny_batch, train_on
from .test_base import fill_bank, make, stacked

SPEEDS = [(1, 2), (2, 1), (1, 2), (2, 1)]
STEPS = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 5, 8, 9], [1, 4, 8, 2], [3, 3, 6, 0]]
LR, MOMENTUM, TAU = 0.1, 0.9, 0.07


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


class Oracle:
    """MoCo on clips in plain PyTorch; a list for the queue of each speed."""

    def __init__(self, model, size):
        self.online = nn.ModuleList(
            deepcopy([model.backbone, model.nce_head.projection]))
        self.target = deepcopy(self.online)
        self.size, self.queues = size, {1: [], 2: []}
        self.optimizer = torch.optim.SGD(self.online.parameters(), LR)

    @staticmethod
    def embed(network, clips):
        encoder, projection = network
        return unit(projection(encoder(clips).mean(dim=(2, 3, 4))))

    def step(self, batch):
        clips, samples = torch.stack(batch['inputs']), batch['data_samples']
        with torch.no_grad():
            keys = self.embed(self.target, clips[:, 1])
        losses = []
        for query, key, sample in zip(
                self.embed(self.online, clips[:, 0]), keys, samples):
            others = [
                n for queue in self.queues.values() for n, video in queue
                if video != sample.video_id
            ]
            logits = torch.stack([query @ k for k in (key, *others)]) / TAU
            losses.append(-(logits[0].exp() / logits.exp().sum()).log())
        loss = sum(losses) / len(losses)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for old, new in zip(self.target.parameters(),
                                self.online.parameters()):
                old.copy_(MOMENTUM * old + (1 - MOMENTUM) * new)
        for key, sample in zip(keys, samples):
            speed = sample.speeds[1]
            self.queues[speed] = (self.queues[speed] + [
                (key, sample.video_id)])[-self.size:]
        return loss.item()


def test_five_steps_are_those_of_the_oracle(tmp_path):
    """Queues wrap around, videos come back, a video stands twice in a batch.
    """
    torch.manual_seed(0)
    model, _ = make('InfoNCE')
    model.reset_target()
    oracle = Oracle(model, size=7)
    generator = torch.Generator().manual_seed(1)
    batches = [tiny_batch(ids, SPEEDS, generator) for ids in STEPS]
    expected = [oracle.step(batch) for batch in batches]
    assert expected[0] == 0 < min(expected[1:])
    seen = train_on(
        model, batches, str(tmp_path), [
            dict(type='MomentumUpdateHook', momentum=MOMENTUM,
                 end_momentum=MOMENTUM),
            dict(type='MemoryBankHook')
        ],
        optimizer=dict(type='SGD', lr=LR))
    assert [step['loss'] for step in seen] == pytest.approx(expected)
    for network, theirs in (
        ((model.backbone, model.nce_head.projection), oracle.online),
        ((model.target_backbone, model.nce_head.target_projection),
         oracle.target)):
        for mine, other in zip(nn.ModuleList(network).state_dict().values(),
                               theirs.state_dict().values()):
            torch.testing.assert_close(mine, other)
    for speed, queue in oracle.queues.items():
        ring = model.memory_bank._rings[speed]
        order = [(ring.next + i) % 7 for i in range(7)]
        assert ring.video_ids[order].tolist() == [v for _, v in queue]


def test_the_loss_by_hand():
    query = key = torch.eye(3)
    negatives = torch.tensor([[0.5, -0.25, -torch.inf], [2., -torch.inf, 0.],
                              [-torch.inf] * 3])
    told = InfoNCEHead(4, 3, temperature=0.5).loss(query, key, negatives)
    first = log(exp(2) + exp(1) + exp(-0.5)) - 2
    second = log(exp(2) + exp(4) + exp(0)) - 2
    assert told['loss_infonce'].item() == pytest.approx((first + second) / 3)
    assert told['nce_accuracy'].item() == pytest.approx(2 / 3)


def test_the_projection_is_that_of_moco_v2():
    first, relu, last = InfoNCEHead(6).projection
    assert (first.in_features, first.out_features) == (6, 6)
    assert isinstance(relu, nn.ReLU)
    assert (last.in_features, last.out_features) == (6, 128)


def test_a_batch_is_the_mean_of_its_shares():
    """So ranks, which share a bank, are one process."""
    model, _ = make('InfoNCE')
    model.eval()
    fill_bank(model)
    clips, samples = stacked('InfoNCE')
    whole = model.loss(clips, samples)['loss_infonce']
    shares = [model.loss(clips[i:i + 1], samples[i:i + 1])['loss_infonce']
              for i in range(3)]
    torch.testing.assert_close(sum(shares) / 3, whole)
