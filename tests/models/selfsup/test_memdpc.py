import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.memdpc import MemDPCHead
from ascnet_mm.yuv420 import Yuv420

from ...helpers.processes import spawn
from .test_base import make, stacked


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def written_out(head, x):
    """Loss and accuracy by loops over videos, positions and steps.

    Of the method as its authors publish it, with their convolutions of 1x1.
    """
    weights = {k: v.detach().numpy() for k, v in head.state_dict().items()}
    videos, blocks, positions, _ = x.shape

    def layer(name, *parts):
        return (weights[f'{name}.weight'] @ np.concatenate(parts) +
                weights[f'{name}.bias'])

    def step(name, value, state):
        value = np.maximum(value, 0)
        update = sigmoid(layer(f'{name}.update', value, state))
        reset = sigmoid(layer(f'{name}.reset', value, state))
        new = np.tanh(layer(f'{name}.candidate', value, state * reset))
        return state * (1 - update) + new * update

    total, right = 0, []
    for name, order in (('forward_gru', range(blocks)),
                        ('backward_gru', range(blocks)[::-1])):
        before, coming = order[:-head.steps], order[-head.steps:]
        predicted = {}
        for video in range(videos):
            for position in range(positions):
                state = np.zeros(x.shape[-1])
                for block in before:
                    state = step(name, x[video, block, position], state)
                for block in coming:
                    slots = np.exp(layer('address.2', np.maximum(
                        layer('address.0', state), 0)))
                    found = slots @ weights['memory'] / slots.sum()
                    predicted[video, block, position] = found
                    state = step(name, found, state)
        for meant, found in predicted.items():
            scores = {place: found @ x[place] for place in predicted}
            total -= (scores[meant] - np.log(
                sum(np.exp(score) for score in scores.values()))
                      ) / len(predicted)
            right.append(max(scores, key=scores.get) == meant)
    return total, np.mean(right)


@pytest.mark.parametrize('blocks, steps', [(4, 1), (6, 3)])
def test_loss_is_the_methods(blocks, steps):
    torch.manual_seed(0)
    head = MemDPCHead(4, slots=5, steps=steps).double().eval()
    with torch.no_grad():  # the first weights are small
        for parameter in head.parameters():
            parameter.normal_()
    x = torch.randn(3, blocks, 2, 4, dtype=torch.float64)
    told = head.loss(x)
    loss, right = written_out(head, x.numpy())
    assert told['loss_memdpc'].item() == pytest.approx(loss, abs=1e-9)
    assert told['memdpc_accuracy'].item() == pytest.approx(right, abs=1e-6)
    assert 0 < right < 1


def test_rows_are_the_positions_of_each_block():
    """The means over time of what the encoder gives of it."""
    model, _ = make('MemDPC')
    model.eval()
    clips, samples = stacked('MemDPC')
    seen = []
    model.memdpc_head.loss = lambda x: seen.append(x) or {}
    model.loss(clips, samples)
    rows, = seen
    assert rows.shape == (3, 6, 16, 4)
    for video in range(3):
        for block in range(6):
            [features] = model.backbone(clips[video, block][None])
            for position in range(16):
                torch.testing.assert_close(
                    rows[video, block, position],
                    features[:, :, position // 4, position % 4].mean(dim=1))


def test_a_perfect_memory_is_right():
    """Of blocks that the state addresses by what they show."""
    head = MemDPCHead(4, slots=4, steps=1, dropout=0.).eval()
    x = 50 * torch.eye(4)[:, None, None].expand(4, 3, 1, 4)
    head.predict = lambda blocks, gru: blocks[:, -1:]
    told = head.loss(x)
    assert told['memdpc_accuracy'] == 1 and told['loss_memdpc'] < 1e-6


def test_features_may_be_in_single_precision_under_autocast():
    """As those of encoders that end in a normalization layer, on a GPU."""
    torch.manual_seed(0)
    head, x = MemDPCHead(8, slots=5, dropout=0.), torch.rand(2, 8, 3, 8)
    expected = head.loss(x)['loss_memdpc']
    with torch.autocast('cpu', torch.bfloat16):
        assert head.loss(x)['loss_memdpc'].item() == pytest.approx(
            expected.item(), rel=0.01)


def test_dropout_is_of_training_alone():
    torch.manual_seed(0)
    head, x = MemDPCHead(8, slots=5), torch.rand(2, 8, 3, 8)
    losses = {head.loss(x)['loss_memdpc'].item() for _ in range(3)}
    assert len(losses) == 3
    head.eval()
    assert len({head.loss(x)['loss_memdpc'].item() for _ in range(3)}) == 1


def step(rows):
    """Losses and gradients of some of six samples."""
    torch.manual_seed(0)
    head = MemDPCHead(4, slots=5, steps=2, dropout=0).double()
    x = torch.randn(6, 5, 3, 4, dtype=torch.float64)
    encoder = torch.nn.Linear(4, 4).double()
    losses = head.loss(encoder(x)[list(rows)])
    losses['loss_memdpc'].backward()
    return [*losses.values()] + [
        p.grad for p in (*encoder.parameters(), *head.parameters())]


def on_one_of_two_ranks(rank, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank,
        world_size=2)
    torch.save(step(range(3 * rank, 3 * rank + 3)), f'{folder}/{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_ranks_are_one_process(tmp_path):
    """Means of losses and gradients: each chooses from the blocks of both."""
    spawn(on_one_of_two_ranks, (str(tmp_path), ), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]
    for whole, one, other in zip(step(range(6)), *ranks):
        torch.testing.assert_close((one + other) / 2, whole)


@pytest.mark.parametrize('crops, flips', [
    ([(0, 0, 8, 8)] * 5 + [(2, 0, 8, 8)], [False] * 6),
    ([(0, 0, 8, 8)] * 6, [False, True] * 3)])
def test_blocks_that_are_cut_each_on_its_own_are_refused(crops, flips):
    model, _ = make('MemDPC')
    clips, samples = stacked('MemDPC')
    cut = Yuv420(((0, 0, 8, 8), ) * 6, (True, ) * 6, (8, 8), None)
    for sample in samples:
        sample.set_metainfo(dict(yuv420=cut))
    model.loss(clips, samples)
    samples[2].set_metainfo(dict(
        yuv420=cut._replace(crops=tuple(crops), flips=tuple(flips))))
    with pytest.raises(InputError, match='per_clip=False'):
        model.loss(clips, samples)


@pytest.mark.parametrize('steps', [0, 6])
def test_blocks_have_to_be_more_than_those_to_be_predicted(steps):
    with pytest.raises(InputError, match=f'steps={steps} .*blocks=6'):
        MODELS.build(dict(
            type='MemDPC', backbone=dict(type='TinyEncoder'), blocks=6,
            memdpc_head=dict(
                type='MemDPCHead', in_channels=4, slots=3, steps=steps)))
