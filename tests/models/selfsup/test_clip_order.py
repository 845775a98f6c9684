"""VCOP's head and labels, written out once more."""
from itertools import permutations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from ascnet_mm import InputError
from ascnet_mm.datasets import ShuffledClips
from ascnet_mm.models.dropout import sample_dropout
from ascnet_mm.models.selfsup.clip_order import ClipOrderHead

from .test_base import make, stacked


def expected_losses(head, x, labels):
    """VCOP's two layers and cross entropy, for a sample and pair at a time."""
    first, second = ((layer.weight.detach().numpy(),
                      layer.bias.detach().numpy())
                     for layer in (head.of_pair, head.classifier))
    loss = right = 0
    for sample, label in zip(x.numpy(), labels):
        of_pairs = []
        for i in range(len(sample)):
            for j in range(i + 1, len(sample)):
                joined = np.concatenate([sample[i], sample[j]])
                of_pairs.extend(np.maximum(first[0] @ joined + first[1], 0))
        logits = second[0] @ np.array(of_pairs) + second[1]
        loss += np.log(np.exp(logits).sum()) - logits[label]
        right += logits.argmax() == label
    return loss / len(x), right / len(x)


# OPN's classes: the code of its authors names one order of each two.
OPN = ['1234', '1324', '1342', '1243', '1423', '1432', '2134', '2143', '2314',
       '3124', '3142', '3214']


def label_of(order, reversible):
    """Place in the list of all orders; in that of OPN's, either way."""
    if not reversible:
        return list(permutations(range(len(order)))).index(order)
    name = ''.join(str(place + 1) for place in order)
    found, = (label for label, known in enumerate(OPN)
              if name in (known, known[::-1]))
    return found


@pytest.mark.parametrize('clips, reversible', [(3, False), (2, False),
                                               (4, True)])
def test_loss_is_the_cross_entropy_of_the_order(clips, reversible):
    """Of each order once; OPN's numbers stand for ours, whichever they are."""
    torch.manual_seed(0)
    head = ClipOrderHead(5, clips, 7, 0.5, reversible).double().eval()
    orders = list(permutations(range(clips)))
    assert head.classifier.in_features == 7 * clips * (clips - 1) // 2
    x = torch.randn(len(orders), clips, 5, dtype=torch.float64)
    labels = [label_of(order, reversible) for order in orders]
    if reversible:
        assert sorted(labels) == sorted([*range(12)] * 2)
        ours = {theirs: head.classes[min(order, order[::-1])]
                for order, theirs in zip(orders, labels)}
        assert sorted(ours.values()) == list(range(12))
        labels = [ours[label] for label in labels]
    told = head.loss(x, orders, None)
    loss, right = expected_losses(head, x, labels)
    assert told['loss_order'].item() == pytest.approx(loss, abs=1e-12)
    assert told['order_accuracy'].item() == pytest.approx(right, abs=1e-6)


def test_labels_are_the_orders_that_were_drawn():
    """A classifier that sees when the clips were is never wrong."""
    model, _ = make('ClipOrder')
    sampler = ShuffledClips(2, 3, 4)
    clips = torch.zeros(60, 3, 3, 2, 4, 4, dtype=torch.float64)
    samples, seen = [], set()
    for clip in clips:
        drawn = sampler.transform(dict(total_frames=14, start_index=0))
        starts = torch.from_numpy(drawn['frame_inds'].reshape(3, 2)[:, 0])
        clip += (starts // 6).view(3, 1, 1, 1, 1)
        samples.append(ActionDataSample(metainfo=dict(
            order=drawn['order'], sample_seed=7)))
        seen.add(drawn['order'])
    assert len(seen) == 6

    class TimeReader(torch.nn.Module):

        def forward(self, clips):
            return torch.nn.functional.one_hot(
                clips[:, 0, 0, 0, 0].long(), 4).to(clips)

    model.backbone = TimeReader()
    head = model.clip_order_head.eval()
    head.of_pair = torch.nn.Linear(8, 8).double()
    head.classifier = torch.nn.Linear(24, 6).double()
    with torch.no_grad():
        head.of_pair.weight.copy_(torch.eye(8))
        head.of_pair.bias.zero_()
        head.classifier.bias.zero_()
        for label, order in enumerate(permutations(range(3))):
            pairs = [(order[i], order[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
            head.classifier.weight[label] = torch.cat([
                torch.nn.functional.one_hot(torch.tensor(pair), 4).flatten()
                for pair in pairs])
    assert model.loss(clips, samples)['order_accuracy'] == 1


def test_dropout_is_a_function_of_the_sample():
    """As in nn.Dropout a half of the values, the others twice as large."""
    x = torch.rand(3, 4000) + 1
    dropped = sample_dropout(x, 0.25, [5, 6, 5])
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.02)
    torch.testing.assert_close(dropped[kept], x[kept] / 0.75)
    assert torch.equal(kept[0], kept[2]) and not torch.equal(kept[0], kept[1])
    # Whatever was drawn before, and whoever stands beside it
    torch.rand(1), np.random.rand()
    assert torch.equal(sample_dropout(x[1:2], 0.25, [6]), dropped[1:2])
    # Not what the augmentation draws from the same seed
    for word in (1, 2):
        other = np.random.default_rng((5, word)).random(4000, np.float32)
        assert not np.array_equal(other >= 0.25, kept[0].numpy())


def test_dropout_is_in_training_alone():
    model, _ = make('ClipOrder')
    batch = stacked('ClipOrder')
    head = model.clip_order_head
    model.backbone.eval()
    trained = model.loss(*batch)['loss_order']
    assert model.loss(*batch)['loss_order'] == trained
    head.dropout = 0.
    plain = model.loss(*batch)['loss_order']
    assert plain != trained
    head.dropout = 0.5
    assert model.eval().loss(*batch)['loss_order'] == plain


def test_clips_that_were_not_shuffled_are_named():
    model, _ = make('ClipOrder')
    clips, samples = stacked('ClipOrder')
    samples[1] = ActionDataSample(metainfo=dict(sample_seed=7))
    with pytest.raises(InputError, match='ShuffledClips has to choose'):
        model.loss(clips, samples)


@pytest.mark.parametrize('options, named', [
    (dict(clips=1), 'not 1'), (dict(clips=2, reversible=True), 'not 2'),
    (dict(dropout=1.), 'dropout'), (dict(dropout=-0.1), 'dropout')])
def test_an_impossible_head_is_refused(options, named):
    with pytest.raises(InputError, match=named):
        ClipOrderHead(4, **options)
