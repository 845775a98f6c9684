"""Encoders and augmentation compute on a GPU what they do on the CPU."""
import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from ascnet_mm.benchmarking.step import prepared_planes
from ascnet_mm.models.memory_format import for_convolutions
from ascnet_mm.models.selfsup.base import pool
from ascnet_mm.shipped import config_path


def clips():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 3, 16, 64, 64, generator=generator)


def off(found, expected):
    """The error, in units of what is expected."""
    return ((found.cpu().double() - expected.double()).norm() /
            expected.double().norm()).item()


@pytest.fixture(params=['C3DConv', 'R3D', 'R2Plus1D', 'S3DG'])
def encoder(request):
    torch.manual_seed(0)
    return MODELS.build(dict(type=request.param, base_channels=16)).double()


def of_a_pass(encoder, clips):
    """Features, and the gradient of the first layer."""
    features = pool(encoder(clips))
    features.square().sum().backward()
    return features.detach(), next(encoder.parameters()).grad


@pytest.mark.parametrize('training', [False, True])
def test_features_and_gradients_are_as_exact_as_the_cpus(
        encoder, training, device):
    encoder.train(training)
    single = copy.deepcopy(encoder).float()
    exact = of_a_pass(encoder, clips().double())
    cpus = of_a_pass(copy.deepcopy(single), clips())
    found = of_a_pass(single.to(device), clips().to(device))
    for values in zip(found, cpus, exact):
        error, usual = (off(value, values[-1]) for value in values[:2])
        assert error < 10 * usual


def test_half_precision_is_near(encoder, device):
    expected = pool(encoder.eval()(clips().double()))
    ours = encoder.float().to(device)
    with torch.autocast(device, torch.bfloat16):
        found = pool(ours(for_convolutions(clips().to(device))))
    assert off(found.detach(), expected.detach()) < 0.05


@pytest.mark.parametrize('training', [False, True])
def test_planes_become_the_cpus_clips(training, device):
    cfg = Config.fromfile(
        config_path('ascnet_mm::ascnet/r18_k400.py')).model.data_preprocessor
    cfg.blur = dict(prob=0.5)
    planes, samples = prepared_planes(8, 4, 32, 'cpu')
    found = [
        MODELS.build(cfg).to(place).preprocess(
            planes.to(place), samples, training)[0].cpu()
        for place in ('cpu', device)
    ]
    # Where a hue lies between two channels, it is a matter of rounding.
    assert (found[0] - found[1]).abs().mean() < 1e-4
