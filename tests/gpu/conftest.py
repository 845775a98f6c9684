"""All tests of this folder need a GPU, and are skipped without one."""
import os.path as osp

import pytest
import torch

HERE = osp.dirname(osp.abspath(__file__))


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.gpu)
            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip('torch finds no GPU'))


@pytest.fixture
def device():
    """Without TensorFloat-32, as the CPU computes."""
    allowed = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield 'cuda'
    torch.backends.cudnn.allow_tf32 = allowed


@pytest.fixture
def two_gpus():
    if torch.cuda.device_count() < 2:
        pytest.skip(f'torch finds {torch.cuda.device_count()} GPUs, not two')
