"""Activations that are computed again instead of kept."""
import pytest
import torch
from mmengine.runner import turn_on_activation_checkpointing

from ascnet_mm import compat
from ascnet_mm.models import R3D, R2Plus1D

from ..helpers.processes import run_code


def one_step(encoder, clips):
    """Gradients and buffers after one step."""
    model = torch.nn.Module()
    model.backbone = encoder
    model.backbone(clips).square().mean().backward()
    return ({name: p.grad for name, p in encoder.named_parameters()},
            dict(encoder.named_buffers()))


@pytest.mark.parametrize('kind', [R3D, R2Plus1D])
@pytest.mark.parametrize('way', ['with_cp', 'activation_checkpointing'])
def test_a_step_is_the_same(kind, way):
    compat.apply()
    torch.manual_seed(0)
    plain = kind(depth=18, base_channels=4)
    other = kind(depth=18, base_channels=4, with_cp=way == 'with_cp')
    other.load_state_dict(plain.state_dict())
    if way == 'activation_checkpointing':
        model = torch.nn.Module()
        model.backbone = other
        turn_on_activation_checkpointing(model, 'backbone')
    clips = torch.rand(2, 3, 8, 32, 32)
    expected, found = one_step(plain, clips), one_step(other, clips)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert all(layer.momentum == 0.1 for layer in other.modules()
               if isinstance(layer, torch.nn.BatchNorm3d))


TWO_PASSES = '''
import os
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from ascnet_mm import compat
from ascnet_mm.models import R3D

compat.apply()
dist.init_process_group(
    'gloo', store=dist.HashStore(), rank=0, world_size=1)
encoder = R3D(depth=18, base_channels=4, with_cp=True)

class Twice(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = encoder

    def forward(self, clips):
        return self.encoder(clips).sum() + self.encoder(clips.flip(0)).sum()

DistributedDataParallel(Twice())(torch.rand(2, 3, 8, 32, 32)).backward()
print('trained')
dist.destroy_process_group()
'''


def test_two_passes_in_a_step_go_with_distributed_training():
    done = run_code(TWO_PASSES, timeout=120)
    assert 'trained' in done.stdout, done.stderr
