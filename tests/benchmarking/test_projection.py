import json
from math import prod

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn

from ascnet_mm.benchmarking import projection
from ascnet_mm.shipped import config_path


def multiplications(config):
    """Of the convolutions of an encoder, by their definition."""
    cfg = Config.fromfile(config_path(f'ascnet_mm::ascnet/{config}.py'))
    count = []

    def add(conv, inputs, output):
        count.append(conv.in_channels // conv.groups * prod(conv.kernel_size)
                     * output.numel())

    with torch.device('meta'):
        encoder = MODELS.build(cfg.model.backbone)
        for part in encoder.modules():
            if isinstance(part, nn.Conv3d):
                part.register_forward_hook(add)
        encoder(torch.zeros(1, 3, cfg.clip_len, *cfg.scale))
    return sum(count), count[0]


@pytest.mark.parametrize('config', projection.CONFIGS)
def test_operations_are_those_of_the_convolutions(config):
    all_of_them, first = multiplications(config)
    found = projection.count_flops(config)
    assert found['forward'] == pytest.approx(2 * all_of_them, rel=0.001)
    # Backward, each is done twice, but for the gradient of the clips.
    assert found['pair'] == pytest.approx(
        2 * (2 + 2) * all_of_them - 2 * first, rel=0.001)


def test_figures_are_written(tmp_path):
    projection.run(str(tmp_path))
    with open(tmp_path / 'projection.json') as file:
        found = json.load(file)
    assert found['pairs_per_second']['r18_k400']['A100 SXM'] == (
        pytest.approx(312e12 / found['flops']['r18_k400']['pair']))
