"""``compile`` in a config: a graph for each encoder, and no more."""
import pytest
import torch
from mmengine.runner import Runner
from torch._dynamo.utils import counters

from ascnet_mm.compat.compile_encoder import _encoders

from ..conftest import tiny_batch, tiny_model, train_on
from ..models.selfsup.test_base import make

HOOKS = [dict(type='MomentumUpdateHook'), dict(type='MemoryBankHook')]


def trained(tmp_path, monkeypatch, compiled):
    """Graphs that six steps made, whose banks fill, and their losses."""
    torch._dynamo.reset()
    counters.clear()
    options = compiled and dict(backend='eager')
    init = Runner.__init__

    def with_option(runner, *args, **kwargs):
        init(runner, *args, **kwargs)
        runner.cfg.compile = options

    monkeypatch.setattr(Runner, '__init__', with_option)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    batches = [
        tiny_batch([4 * step + row for row in range(4)],
                   [(1, 2), (2, 1)] * 2, generator) for step in range(6)
    ]
    losses = train_on(
        tiny_model().double(), batches, str(tmp_path / str(compiled)), HOOKS)
    return counters['stats']['unique_graphs'], losses


def test_each_encoder_is_one_graph_for_all_steps(tmp_path, monkeypatch):
    graphs, losses = trained(tmp_path, monkeypatch, True)
    assert graphs == 2  # online and target
    none, expected = trained(tmp_path, monkeypatch, False)
    assert none == 0
    assert losses == [pytest.approx(step) for step in expected]


def test_a_frozen_encoder_is_compiled_as_well():
    model, _ = make('CoCLR')
    assert _encoders(model) == [
        model.backbone, model.target_backbone, model.other_backbone]
