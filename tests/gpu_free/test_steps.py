"""A step of pre-training at full size: what it launches, waits for and holds.

One encoder and one baseline, the latter in a small batch; the others, and
eight ranks: tests/slow/test_gpu_free.py.
"""
import pytest

from .processes import GIBI, train

R3D, BYOL = 'r18_k400.py', 'baselines/r18_ucf101_byol.py'


@pytest.fixture(scope='module')
def steps(videos, tmp_path_factory):
    return train({R3D: {}, BYOL: dict(batch_size=8)}, videos,
                 tmp_path_factory.mktemp('gpu_free'))


@pytest.mark.parametrize('config', [R3D, BYOL])
def test_nothing_in_a_step_waits_for_the_device(config, steps):
    assert steps[config]['waits'] == []


@pytest.mark.parametrize('config, bound', [(R3D, 700), (BYOL, 900)])
def test_a_step_launches_few_kernels(config, bound, steps):
    assert 100 < steps[config]['launches'] < bound


def test_augmentation_launches_do_not_grow_with_the_batch(steps):
    """64 samples and 8."""
    of_64, of_8 = steps[R3D]['augmentation'], steps[BYOL]['augmentation']
    assert 30 < of_64 == of_8 < 70


def test_a_step_of_64_fits_a_gpu_of_8_gb(steps):
    """Half of it: cuDNN, the driver and the allocator take theirs."""
    assert 2 * GIBI < steps[R3D]['peak'] < 4 * GIBI
