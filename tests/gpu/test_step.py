"""Steps of pre-training on a GPU."""
import pytest
import torch
from mmengine.registry import init_default_scope

from ascnet_mm.benchmarking.step import ENCODERS, Sizes, Step

STEPS = 50


@pytest.mark.parametrize('encoder', ENCODERS)
def test_bfloat16_learns_as_float32_does(encoder, device):
    """On one batch, over and over again."""
    init_default_scope('mmaction')
    sizes, losses, first = Sizes(encoder, 16, 16, 64, 16), {}, None
    for dtype in ('float32', 'default'):
        step = Step(sizes, device, dtype)
        first = first or step
        step.model.load_state_dict(first.model.state_dict())
        losses[dtype] = []
        keep(step, losses[dtype])
        for _ in range(STEPS):
            step.whole()
    single, half = (torch.stack(losses[dtype]).cpu()
                    for dtype in ('float32', 'default'))
    assert single[-5:].mean() < single[:5].mean()
    assert half.isfinite().all()
    assert (half[:5] - single[:5]).abs().max() < 0.05
    assert abs(half[-5:].mean() - single[-5:].mean()) < 0.1


def keep(step, losses):
    """Let a step's losses be kept."""
    parse = step.model.parse_losses

    def parse_and_keep(found):
        total, log = parse(found)
        losses.append(total.detach().float())
        return total, log

    step.model.parse_losses = parse_and_keep


@pytest.mark.parametrize('encoder', ENCODERS)
def test_a_step_does_not_wait_for_the_device(encoder, device):
    init_default_scope('mmaction')
    step = Step(Sizes(encoder, 16, 16, 64, 8), device, 'default')
    for _ in range(2):
        step.augmentation()
        step.whole()
    torch.cuda.set_sync_debug_mode('error')
    try:
        step.augmentation()
        step.whole()
    finally:
        torch.cuda.set_sync_debug_mode('default')
