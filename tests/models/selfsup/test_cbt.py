"""CBT's loss, a sequence and a masked clip at a time."""
import multiprocessing

import numpy as np
import pytest
import torch
import torch.distributed as dist

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.cbt import CBTHead

from .test_base import make, stacked


def norm(x, layer):
    x = x - x.mean(axis=1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + layer.eps)
    return x * layer.weight.detach().numpy() + layer.bias.detach().numpy()


def linear(x, layer):
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def gelu(x):
    return np.array([[v * torch.special.ndtr(torch.tensor(v)).item()
                      for v in row] for row in x])


def encode(x, layer):
    """A layer of the transformer on one sequence, ``[clips, D]``."""
    attention = layer.self_attn
    weight, bias = (p.detach().numpy() for p in (
        attention.in_proj_weight, attention.in_proj_bias))
    q, k, v = np.split(x @ weight.T + bias, 3, axis=1)
    width = x.shape[1] // attention.num_heads
    heads = []
    for start in range(0, x.shape[1], width):
        part = slice(start, start + width)
        scores = np.exp(q[:, part] @ k[:, part].T / np.sqrt(width))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ v[:, part])
    x = norm(x + linear(np.concatenate(heads, axis=1), attention.out_proj),
             layer.norm1)
    return norm(x + linear(gelu(linear(x, layer.linear1)), layer.linear2),
                layer.norm2)


def expected(head, features):
    """Loss and accuracy; features ``[N, clips, C]``."""
    tokens = [linear(sequence, head.projection) for sequence in features]
    keys = [token / np.linalg.norm(token) for t in tokens for token in t]
    losses, right = [], []
    for video, sequence in enumerate(tokens):
        for clip in range(len(sequence)):
            x = sequence.copy()
            x[clip] = head.mask.detach().numpy()
            x = x + head.positions.detach().numpy()
            for layer in head.transformer.layers:
                x = encode(x, layer)
            found = x[clip] / np.linalg.norm(x[clip])
            scores = np.array([found @ key for key in keys])
            own = video * len(sequence) + clip
            ratio = np.exp(scores / head.temperature)
            losses.append(-np.log(ratio[own] / ratio.sum()))
            right.append(scores.argmax() == own)
    return np.mean(losses), np.mean(right)


def test_the_loss_is_that_of_clips_masked_one_by_one():
    torch.manual_seed(0)
    head = CBTHead(5, clips=3, hidden_channels=8, attention_heads=2).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.randn(4, 3, 5, dtype=torch.float64)
    told = head.loss(x)
    loss, accuracy = expected(head, x.numpy())
    assert told['loss_cbt'].item() == pytest.approx(loss, abs=1e-9)
    assert told['cbt_accuracy'].item() == pytest.approx(accuracy)


def test_features_reach_the_head_in_the_order_of_time():
    model, _ = make('CBT')
    clips, samples = stacked('CBT')
    seen = []
    model.eval().cbt_head.loss = seen.append
    model.loss(clips, samples)
    features = model.backbone(clips.flatten(0, 1)).mean(dim=(2, 3, 4))
    torch.testing.assert_close(seen[0], features.view(3, 3, 4))


def test_a_prediction_does_not_depend_on_what_is_masked():
    head = CBTHead(5, clips=3, hidden_channels=8)
    tokens = torch.randn(2, 3, 8)
    other = tokens.clone()
    other[:, 1] += 1
    before, after = head.predict(tokens), head.predict(other)
    torch.testing.assert_close(before[:, 1], after[:, 1])
    assert not torch.allclose(before[:, 0], after[:, 0])


def head_and_batch():
    torch.manual_seed(0)
    head = CBTHead(5, clips=3, hidden_channels=8, attention_heads=2).double()
    return head, torch.randn(4, 3, 5, dtype=torch.float64, requires_grad=True)


def step(head, x):
    """Loss and the gradients of features and weights."""
    loss = head.loss(x)['loss_cbt']
    loss.backward()
    return [loss.detach(), *(p.grad for p in (x, *head.parameters()))]


def rank_of_two(rank, store, answer):
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    head, x = head_and_batch()
    x = x.detach()[rank::2].requires_grad_()
    answer.send([part.numpy() for part in step(head, x)])
    dist.destroy_process_group()


def test_two_ranks_are_one_process(tmp_path):
    """Each sees the other's features, and they get its gradient."""
    fork = multiprocessing.get_context('fork')
    ranks = []
    for rank in range(2):
        answer, sender = fork.Pipe(duplex=False)
        process = fork.Process(
            target=rank_of_two, args=(rank, tmp_path / 'store', sender))
        process.start()
        sender.close()
        ranks.append((process, answer))
    found = [answer.recv() for _, answer in ranks]
    for process, _ in ranks:
        process.join()
    head, x = head_and_batch()
    loss, of_features, *of_weights = step(head, x)
    assert np.mean([part[0] for part in found]) == pytest.approx(loss.item())
    for rank, part in enumerate(found):
        # Each loss is the mean over half of the batch.
        np.testing.assert_allclose(part[1] / 2, of_features[rank::2],
                                   atol=1e-12)
    for number, expected in enumerate(of_weights, 2):
        mean = (found[0][number] + found[1][number]) / 2
        np.testing.assert_allclose(mean, expected, atol=1e-12)


@pytest.mark.parametrize('options, named', [
    (dict(clips=1), 'not 1'), (dict(hidden_channels=6), 'no multiple')])
def test_an_impossible_head_is_refused(options, named):
    with pytest.raises(InputError, match=named):
        CBTHead(5, **options)
