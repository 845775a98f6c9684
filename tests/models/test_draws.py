import numpy as np
import pytest
import torch

from ascnet_mm.models import dropout
from ascnet_mm.models.data_preprocessor import difference
from ascnet_mm.models.draws import PURPOSES, sample_generator


def test_no_two_purposes_draw_alike():
    first = {sample_generator(7, purpose).integers(2**60)
             for purpose in PURPOSES}
    first.add(np.random.default_rng(7).integers(2**60))
    assert len(first) == len(PURPOSES) + 1


def test_what_is_drawn_is_the_samples():
    draws = [sample_generator(seed, 'blur').random() for seed in (7, 7, 8)]
    assert draws[0] == draws[1] != draws[2]


def test_an_unknown_purpose_is_refused():
    with pytest.raises(ValueError):
        sample_generator(7, 'weather')


def test_dropout_and_differences_draw_independently(monkeypatch):
    """Each asks for a generator of its own."""
    asked = []

    def spy(seed, purpose):
        asked.append(purpose)
        return sample_generator(seed, purpose)

    for module in (dropout, difference):
        monkeypatch.setattr(module, 'sample_generator', spy)
    dropout.sample_dropout(torch.ones(1, 4), 0.5, [7])
    difference.FrameDifference(0.5).draw([7], 2)
    assert len(asked) == len(set(asked)) == 2
