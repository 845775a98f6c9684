"""In which order copies are made, on streams that note it."""
from contextlib import contextmanager

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ascnet_mm.models import ClipDataPreprocessor
from ascnet_mm.models.data_preprocessor import clips, copying

META = torch.device('meta')


class Stream:

    def __init__(self, name, events):
        self.name, self.events = name, events

    def wait_stream(self, other):
        self.events.append(f'{self.name} waits for {other.name}')


@pytest.fixture
def events(monkeypatch):
    """What is asked of CUDA and of a copy, in its order."""
    seen = []
    computing, made = Stream('computing', seen), []

    def new_stream(device):
        made.append(device)
        return Stream('copying', seen)

    @contextmanager
    def on(stream):
        seen.append(f'on {stream.name}')
        yield
        seen.append(f'off {stream.name}')

    monkeypatch.setattr(torch.cuda, 'current_stream', lambda _: computing)
    monkeypatch.setattr(torch.cuda, 'Stream', new_stream)
    monkeypatch.setattr(torch.cuda, 'stream', on)
    monkeypatch.setattr(
        torch.Tensor, 'record_stream', lambda tensor, stream: seen.append(
            f'{tensor.device.type} memory kept for {stream.name}'))
    copying._stream.cache_clear()
    yield seen
    copying._stream.cache_clear()
    assert made == [META]


class Copies(TorchDispatchMode):

    def __init__(self, events):
        super().__init__()
        self.events = events

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default:
            self.events.append(
                'copied' if kwargs['non_blocking'] else 'waited')
        return func(*args, **kwargs or {})


def test_a_batch_is_copied_beside_the_step_before_it(events):
    """Neither read too early, nor overwritten while it is read."""
    batch = torch.zeros(3, dtype=torch.uint8)
    for _ in range(2):
        events.clear()
        with Copies(events):
            copy = copying.copy_aside(batch, META)
        assert copy.device == META and copy.shape == batch.shape
        assert events == [
            'on copying', 'copied', 'off copying',
            'computing waits for copying', 'meta memory kept for computing'
        ]


def test_batches_go_to_a_gpu_aside(monkeypatch):
    """All tensors of a batch; not those that are there, or elsewhere."""
    aside = []
    monkeypatch.setattr(
        clips, 'copy_aside',
        lambda tensor, device: aside.append((tensor, device)))
    preprocessor = ClipDataPreprocessor([0] * 3, [1] * 3)
    batch = dict(inputs=[torch.zeros(2), None, torch.ones(3)])
    cast = preprocessor.cast_data(batch)
    assert cast['inputs'][0] is batch['inputs'][0] and not aside
    preprocessor.to('meta').cast_data(batch)
    assert not aside
    preprocessor._device = torch.device('cuda')
    preprocessor.cast_data(batch)
    first, _, last = batch['inputs']
    assert aside[0][0] is first and aside[1][0] is last and len(aside) == 2
    assert {device.type for _, device in aside} == {'cuda'}
