from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from ascnet_mm import InputError
from ascnet_mm.engine.hooks import RandomSizeHook
from ascnet_mm.yuv420 import ColorCoding, Yuv420


def batch(size=3):
    cut = Yuv420(((0, 0, 8, 8), ) * 2, (False, True), (112, 112),
                 ColorCoding(False, False, (0., 0.5)))
    planes = torch.randint(256, (size, 2, 4, 12, 8)).byte()
    return dict(inputs=planes, data_samples=[
        ActionDataSample(metainfo=dict(yuv420=cut, sample_seed=seed))
        for seed in range(size)])  # yapf: disable


def sides(seed, iterations, hook):
    """Of batches that the preprocessor has made."""
    preprocessor = MODELS.build(
        dict(type='ClipDataPreprocessor', mean=[0] * 3, std=[1] * 3))
    found = []
    for iteration in iterations:
        data = batch()
        hook.before_train_iter(
            SimpleNamespace(seed=seed, iter=iteration), 0, data)
        *_, height, width = preprocessor(data, True)['inputs'].shape
        assert height == width
        found.append(width)
    return found


def test_each_batch_has_a_size_of_its_own():
    """The same in every run of a seed, wherever it goes on."""
    hook = RandomSizeHook(sides=(5, 8))
    found = sides(3, range(60), hook)
    assert set(found) == {5, 6, 7, 8}
    assert found[20:] == sides(3, range(20, 60), RandomSizeHook((5, 8)))
    assert found != sides(4, range(60), hook)


def test_sides_are_drawn_uniformly():
    hook = RandomSizeHook(sides=(64, 336))
    drawn = [hook.side(0, iteration) for iteration in range(5000)]
    assert min(drawn) == 64 and max(drawn) == 336
    # Standard deviations of the mean: 78.8 / sqrt(5000) = 1.1
    assert np.mean(drawn) == pytest.approx(200, abs=5)
    assert np.std(drawn) == pytest.approx(273 / 12**0.5, rel=0.05)


@pytest.mark.parametrize('wrong', [(64, ), (0, 64), (65, 64), (1, 2, 3)])
def test_other_sides_are_refused(wrong):
    with pytest.raises(InputError, match='smallest and the largest'):
        RandomSizeHook(wrong)


def test_clips_that_are_resized_already_are_refused():
    data = batch()
    data['data_samples'] = [ActionDataSample()] * 3
    with pytest.raises(InputError, match='DecodePlanes'):
        RandomSizeHook((5, 8)).before_train_iter(
            SimpleNamespace(seed=0, iter=0), 0, data)
