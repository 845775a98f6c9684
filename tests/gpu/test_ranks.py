"""Two GPUs, joined by NCCL."""
import torch
import torch.distributed as dist
from torch import nn

from ascnet_mm.compat.sync_batch_norm import SyncBatchNorm

from ..helpers.processes import spawn
from ..slow.ranks import torchrun

SHARES = (6, 2)


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(3, 8, 3), nn.BatchNorm3d(8), nn.ReLU(),
        nn.Conv3d(8, 4, 3), nn.BatchNorm3d(4)).double()


def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(sum(SHARES), 3, 6, 8, 8, generator=generator).double()


def stepped(model, samples):
    """Outputs, running statistics and the first layer's gradient."""
    out = model(samples)
    out.square().sum().backward()
    return [value.detach().cpu() for value in (
        out, model[1].running_mean, model[4].running_var,
        model[0].weight.grad)]


def of_a_rank(rank, folder):
    dist.init_process_group(
        'nccl', f'file://{folder}/store', rank=rank, world_size=len(SHARES))
    device = f'cuda:{rank}'
    torch.cuda.set_device(device)
    model = net().to(device)
    for place in (1, 4):
        layer = SyncBatchNorm(model[place].num_features).double().to(device)
        layer.load_state_dict(model[place].state_dict())
        model[place] = layer
    *found, gradient = stepped(
        model, batch().split(SHARES)[rank].to(device))
    gradient = gradient.to(device)
    dist.all_reduce(gradient)
    torch.save([*found, gradient.cpu()], f'{folder}/{rank}')
    dist.destroy_process_group()


def test_batch_norm_of_two_ranks_is_that_of_one_process(two_gpus, tmp_path):
    spawn(of_a_rank, (str(tmp_path), ), len(SHARES))
    found = [torch.load(tmp_path / str(rank)) for rank in range(len(SHARES))]
    expected = stepped(net(), batch())
    outputs = torch.cat([values[0] for values in found])
    torch.testing.assert_close(outputs, expected[0])
    for values in found:
        for own, whole in zip(values[1:], expected[1:]):
            torch.testing.assert_close(own, whole)


def test_two_ranks_train(two_gpus, videos, tmp_path):
    done = torchrun(str(tmp_path / 'work'), f'{videos}/videos')
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'joined by gloo' not in done.stdout + done.stderr
