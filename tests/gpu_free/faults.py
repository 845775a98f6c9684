"""What must not be in a step, and what may be, on the pretend GPU.

``python -m tests.gpu_free.faults`` prints what each function made it note.
"""
import json
import os.path as osp

import torch

from ascnet_mm.benchmarking.pretend_gpu.device import pretend_gpu


def number(x):
    float(x.sum())  # noted


def condition(x):
    if x.sum():  # noted
        pass


def item(x):
    x.sum().item()  # noted


def list_of_values(x):
    x.tolist()  # noted


def index_of_the_cpu(x):
    x[torch.tensor([0, 2])]  # noted


def mask(x):
    x[x > 0]  # noted


def filled_by_mask_with_rows(x):
    x[x > 0] = x.clone()  # noted


def new_tensor(x):
    x.new_tensor([-1])  # noted


def tensor_made_of_numbers(x):
    torch.tensor([1, 2], device='cuda')  # noted


def copy_to_the_device(x):
    torch.ones(3).to(x)  # noted


def copy_from_the_device(x):
    x.cpu()  # noted


def copied_into_the_cpu(x):
    torch.zeros(3).copy_(x)  # noted


def inverse(x):
    torch.linalg.inv(x.diag())  # noted


def nonzero(x):
    x.nonzero()  # noted


def unique(x):
    x.unique()  # noted


def in_a_backward_pass(x):

    class Read(torch.autograd.Function):

        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * gradient.sum().item()  # noted

    Read.apply(x.requires_grad_()).sum().backward()


def nothing_to_wait_for(x):
    x[x > 0] = 0
    x[1:] = x[:-1].clone()
    x[torch.zeros(2, dtype=torch.int64, device='cuda')]
    torch.where(x > 0, x, -1)
    torch.tensor([1, 2]).to('cuda', non_blocking=True)
    (x + torch.tensor(2.)).sum().clamp(min=1)


FAULTS = [
    number, condition, item, list_of_values, index_of_the_cpu, mask,
    filled_by_mask_with_rows, new_tensor, tensor_made_of_numbers,
    copy_to_the_device, copy_from_the_device, copied_into_the_cpu, inverse,
    nonzero, unique, in_a_backward_pass, nothing_to_wait_for
]


def noted(gpu, function):
    """``file:line`` of each wait, without repetitions."""
    x = torch.ones(3, device='cuda')
    gpu.reset()
    function(x)
    return list(dict.fromkeys(wait.where for wait in gpu.waits))


def mixed_devices():
    try:
        torch.ones(3, device='cuda') + torch.ones(3)
    except RuntimeError as error:
        return str(error)


def launched(gpu):
    """Three: a fill, a sum and a product; views and memory are none."""
    gpu.reset()
    x = torch.ones(4, 4, device='cuda')
    (x.T[1:] + x[:, 1:].T).T.view(-1).mul_(2)
    torch.empty(4, device='cuda')
    return dict(gpu.launches)


def held(gpu, count):
    """Bytes at the end of ``count`` operations that save their result."""
    mebi = torch.ones(2**18, device='cuda', requires_grad=True)
    gpu.reset()
    before, result = gpu.allocated, mebi
    for _ in range(count):
        result = result.exp()
    total = result.sum()
    del result
    inside = gpu.allocated - before
    total.backward()
    mebi.grad = None
    del total
    return dict(inside=inside, peak=gpu.peak - before,
                after=gpu.allocated - before)


if __name__ == '__main__':
    with pretend_gpu(osp.dirname(osp.abspath(__file__))) as device:
        print(json.dumps(dict(
            noted={function.__name__: noted(device, function)
                   for function in FAULTS},
            mixed_devices=mixed_devices(),
            launched=launched(device),
            held=held(device, 5))))
