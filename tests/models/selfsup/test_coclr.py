"""CoCLR's training, written out once more in lists and loops."""
from copy import deepcopy
from math import exp, log

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.coclr import CoCLRHead

from ...conftest import tiny_batch, train_on
from .test_base import fill_bank, make, stacked
from .test_infonce import LR, MOMENTUM, TAU, Oracle

SPEEDS = [(1, 2, 2), (2, 1, 1), (1, 2, 2), (2, 1, 1)]
STEPS = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 5, 8, 9], [1, 4, 8, 2],
         [3, 3, 6, 0], [9, 2, 5, 1], [0, 4, 7, 3]]
SIZE, TOPK = 7, 2


class CoTraining(Oracle):
    """The queues hold, beside each key, what the other modality makes of it.
    """

    def __init__(self, model):
        super().__init__(model, SIZE)
        self.other = deepcopy([model.other_backbone, model.other_projection])
        self.mined = 0

    def step(self, batch):
        clips, samples = torch.stack(batch['inputs']), batch['data_samples']
        with torch.no_grad():
            keys = self.embed(self.target, clips[:, 1])
            paired = self.embed(self.other, clips[:, 2])
        queries = self.embed(self.online, clips[:, 0])
        entries = [entry for queue in self.queues.values() for entry in queue]
        losses = []
        for query, key, pair, sample in zip(queries, keys, paired, samples):
            others = [e for e in entries if e[2] != sample.video_id]
            positives = []
            if len(entries) == 2 * SIZE:
                alike = sorted(others, key=lambda e: -float(pair @ e[1]))
                positives = alike[:TOPK]
                self.mined += len(positives)
            above = sum(((query @ e[0]) / TAU).exp()
                        for e in [(key, ), *positives])
            below = sum(((query @ e[0]) / TAU).exp()
                        for e in [(key, ), *others])
            losses.append(-(above / below).log())
        loss = sum(losses) / len(losses)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for old, new in zip(self.target.parameters(),
                                self.online.parameters()):
                old.copy_(MOMENTUM * old + (1 - MOMENTUM) * new)
        for key, pair, sample in zip(keys, paired, samples):
            speed = sample.speeds[1]
            self.queues[speed] = (self.queues[speed] + [
                (key, pair, sample.video_id)])[-self.size:]
        return loss.item()


def test_seven_steps_are_those_of_the_oracle(tmp_path):
    """The queues fill up with the fourth: three steps have positives."""
    torch.manual_seed(0)
    model, _ = make('CoCLR')
    with torch.no_grad():
        for part in (model.other_backbone, model.other_projection):
            for tensor in part.state_dict().values():
                if tensor.is_floating_point():  # statistics, too
                    tensor.add_(torch.rand_like(tensor))
    model.reset_target()
    frozen = deepcopy([model.other_backbone, model.other_projection])
    oracle = CoTraining(model)
    generator = torch.Generator().manual_seed(1)
    batches = [tiny_batch(ids, SPEEDS, generator) for ids in STEPS]
    expected = [oracle.step(batch) for batch in batches]
    assert oracle.mined == 3 * 4 * TOPK
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
         oracle.target),
        ((model.other_backbone, model.other_projection),
         nn.ModuleList(frozen))):
        for mine, other in zip(nn.ModuleList(network).state_dict().values(),
                               theirs.state_dict().values()):
            torch.testing.assert_close(mine, other)


def test_the_loss_by_hand():
    query = key = torch.eye(3).double()
    others = torch.tensor([[0.5, -0.25, -torch.inf], [2., -torch.inf, 0.],
                           [-torch.inf] * 3]).double()
    positive = torch.tensor([[False, True, False], [True, False, False],
                             [False] * 3])
    told = CoCLRHead(4, 3, temperature=0.5).loss(query, key, others, positive)
    first = log(exp(2) + exp(1) + exp(-0.5)) - log(exp(2) + exp(-0.5))
    second = log(exp(2) + exp(4) + exp(0)) - log(exp(2) + exp(4))
    assert told['loss_coclr'].item() == pytest.approx((first + second) / 3)
    assert told['nce_accuracy'].item() == 1


def test_a_batch_is_the_mean_of_its_shares():
    """So ranks, which share a bank, are one process."""
    model, _ = make('CoCLR')
    model.eval()
    for _ in range(3):
        fill_bank(model)
    clips, samples = stacked('CoCLR')
    whole = model.loss(clips, samples)
    assert whole['mined_similarity'] != 0
    shares = [model.loss(clips[i:i + 1], samples[i:i + 1]) for i in range(3)]
    for key in ('loss_coclr', 'mined_similarity'):
        torch.testing.assert_close(
            sum(share[key] for share in shares) / 3, whole[key])


def test_where_there_is_no_other_video_nothing_is_a_positive():
    model, _ = make('CoCLR')
    fill_bank(model), fill_bank(model), fill_bank(model)
    for ring in model.memory_bank._rings.values():
        ring.video_ids.fill_(0)
    clips, samples = stacked('CoCLR')
    losses = model.loss(clips[:1].repeat(2, 1, 1, 1, 1, 1), samples[:1] * 2)
    assert losses['loss_coclr'] == losses['mined_similarity'] == 0
    positive, _ = model._mine(torch.eye(5).double(), torch.zeros(5))
    assert positive.shape == (5, 14) and not positive.any()


def checkpoint(name, path):
    """Of a first stage or another method, all of whose weights differ."""
    model, _ = make(name)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    torch.save(dict(state_dict=model.state_dict()), path)
    return model


def test_it_starts_with_checkpoints_of_both_modalities(tmp_path):
    rgb, flow = (checkpoint('InfoNCE', tmp_path / f'{name}.pth')
                 for name in ('rgb', 'flow'))
    model, _ = make('CoCLR')
    model.online_from = str(tmp_path / 'rgb.pth')
    model.positives_from = str(tmp_path / 'flow.pth')
    model.init_weights()
    for part, expected in (
        (model.backbone, rgb.backbone), (model.target_backbone, rgb.backbone),
        (model.nce_head.projection, rgb.nce_head.projection),
        (model.nce_head.target_projection, rgb.nce_head.projection),
        (model.other_backbone, flow.backbone),
        (model.other_projection, flow.nce_head.projection)):
        for key, value in expected.state_dict().items():
            assert torch.equal(part.state_dict()[key], value)
    # The next turn starts with what this one has made.
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'turn.pth')
    other, _ = make('CoCLR')
    other.positives_from = str(tmp_path / 'turn.pth')
    other.init_weights()
    assert torch.equal(other.other_backbone.conv.weight,
                       rgb.backbone.conv.weight)


@pytest.mark.parametrize('rgb, flow, refused', [
    (dict(data_root='data/ucf101'), dict(data_root='data/ucf101'), True),
    (dict(data_root='data/ucf101'), dict(data_root='data/flow'), False),
    (dict(data_prefix=dict(video='/v')), dict(data_prefix=dict(video='/v')),
     True),
    (dict(data_root='d', data_prefix=dict(video='videos')),
     dict(data_root='d', data_prefix=dict(video='flow')), False),
    (dict(data_root='d', ann_file='rgb.txt'),
     dict(data_root='d', ann_file='flow.txt'), False),
    (dict(), dict(), False),  # of files that do not say it
])
def test_two_checkpoints_of_one_modality_are_refused(
        rgb, flow, refused, tmp_path):
    model, _ = make('CoCLR')
    for option, dataset in (('online_from', rgb), ('positives_from', flow)):
        path = str(tmp_path / f'{option}.pth')
        checkpoint('InfoNCE', path)
        settings = dict(train_dataloader=dict(dataset=dataset))
        torch.save(dict(torch.load(path), meta=dict(settings=settings)), path)
        setattr(model, option, path)
    if refused:
        with pytest.raises(InputError, match='on the same videos'):
            model.init_weights()
    else:
        model.init_weights()


def test_one_checkpoint_for_both_modalities_is_refused(tmp_path):
    model, _ = make('CoCLR')
    model.online_from = model.positives_from = str(tmp_path / 'a.pth')
    checkpoint('InfoNCE', model.online_from)
    with pytest.raises(InputError, match='on the same videos'):
        model.init_weights()


@pytest.mark.parametrize('option', ['online_from', 'positives_from'])
@pytest.mark.parametrize('method', ['Pace', 'BYOL', 'RSPNet'])
def test_a_checkpoint_of_another_method_is_refused(method, option, tmp_path):
    path = str(tmp_path / 'a.pth')
    checkpoint(method, path)
    model, _ = make('CoCLR')
    before = deepcopy(model.state_dict())
    setattr(model, option, path)
    with pytest.raises(InputError, match=r'a.pth is no checkpoint of InfoNCE'
                       r".*'nce_head.projection\.' there are 4 missing"):
        model.init_weights()
    for key, value in model.state_dict().items():
        assert torch.equal(before[key], value), key


def test_more_positives_than_a_bank_has_are_refused():
    for topk in (0, 8):
        with pytest.raises(InputError, match=f'model.topk={topk} keys'):
            MODELS.build(dict(
                type='CoCLR', backbone=dict(type='TinyEncoder'), topk=topk,
                nce_head=dict(type='CoCLRHead', in_channels=4),
                memory_bank=dict(size=7)))


def test_an_encoder_with_other_options_is_refused(tmp_path):
    """They change what it gives, and its weights do not show them."""
    path = str(tmp_path / 'a.pth')
    model, _ = make('CoCLR')
    model.backbone.frame_strides = (2, 1, 2, 2, 2)
    torch.save(dict(
        state_dict=model.state_dict(),
        meta=dict(encoder=dict(frame_strides=(1, 1, 1, 1, 1)))), path)
    model.online_from = path
    with pytest.raises(InputError, match='encoder was trained with'):
        model.init_weights()


def test_a_frozen_encoder_of_another_width_is_named():
    model, clips = make('CoCLR')
    model.other_backbone = MODELS.build(
        dict(type='R3D', depth=10, base_channels=1)).double().eval()
    with pytest.raises(InputError, match='encoder R3D gives features of '
                                         'dimension 8, .*is 4: make them'):
        model.loss(*stacked('CoCLR'))
