"""Permutations and their losses, written out once more in loops."""
from itertools import permutations

import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.models.selfsup.buechler import PermutationHead, permutation_set

from .test_base import make, stacked


def distance(one, other):
    return sum(a != b for a, b in zip(one, other))


@pytest.mark.parametrize('pieces, count', [(2, 2), (3, 4), (4, 24), (5, 30)])
def test_each_permutation_is_the_farthest_from_those_before(pieces, count):
    chosen = [tuple(row) for row in permutation_set(pieces, count)]
    assert chosen[0] == tuple(range(pieces))
    assert len(set(chosen)) == count
    for number in range(1, count):
        nearest = {
            candidate: min(distance(candidate, c) for c in chosen[:number])
            for candidate in permutations(range(pieces))
        }
        assert nearest[chosen[number]] == max(nearest.values())


@pytest.mark.parametrize('count', [1, 7])
def test_too_few_or_too_many_permutations_are_refused(count):
    with pytest.raises(InputError, match=f'permutations={count} of 3 pieces'):
        PermutationHead(4, pieces=3, permutations=count)


def test_too_many_pieces_are_refused():
    with pytest.raises(InputError, match='pieces=16 .*20,922,789,888,000'):
        PermutationHead(4, pieces=16)


def expected(head, features):
    """Loss and accuracy; ``features[clip][piece]`` are arrays."""
    w1, b1, w2, b2 = (p.detach().numpy() for p in head.parameters())
    losses, right = [], []
    for pieces in features:
        for label, order in enumerate(head.orders.tolist()):
            joined = np.concatenate([pieces[piece] for piece in order])
            scores = w2 @ np.maximum(w1 @ joined + b1, 0) + b2
            losses.append(np.log(np.exp(scores).sum()) - scores[label])
            right.append(scores.argmax() == label)
    return np.mean(losses), np.mean(right)


def test_losses_are_those_of_tiles_and_segments_cut_by_hand():
    torch.manual_seed(0)
    model, _ = make('Buechler')
    model.eval()  # a piece's features do not depend on the others
    model.space_head = PermutationHead(4, 4, 5, 6).double()
    clips, samples = stacked('Buechler')
    told = model.loss(clips, samples)

    def features(piece):
        with torch.no_grad():
            return model.backbone(piece[None]).mean(dim=(2, 3, 4))[0].numpy()

    tiles = [[
        features(clip[:, :, top:top + 2, left:left + 2])
        for top in (0, 2) for left in (0, 2)
    ] for clip in clips[:, 0]]
    segments = [[features(clip[:, t:t + 1]) for t in (0, 1)]
                for clip in clips[:, 0]]
    for name, pieces in (('space', tiles), ('time', segments)):
        loss, accuracy = expected(getattr(model, f'{name}_head'), pieces)
        assert told[f'loss_{name}'].item() == pytest.approx(loss, abs=1e-9)
        assert told[f'{name}_accuracy'].item() == pytest.approx(accuracy)


def test_clips_that_cannot_be_cut_are_refused():
    model, _ = make('Buechler')
    clips, samples = stacked('Buechler')
    for part in (clips[..., :3], clips[..., :3, :], clips[:, :, :, :1]):
        with pytest.raises(InputError, match='set clip_len and scale'):
            model.loss(part, samples)
    with pytest.raises(InputError, match='square number.* not 3'):
        type(model)(model.backbone, PermutationHead(4, 3, 6),
                    PermutationHead(4))
