"""Whole trainings on a GPU: resumed, in half precision, compiled."""
from uuid import uuid4

import pytest
import torch
from mmengine.runner import Runner

from ..configs.test_runs import data, tiny  # noqa: F401
from ..engine.reliability.test_loops import Stop, Stopped, pretraining
from ..helpers.processes import run_tool
from ..tools.test_cli import TINY


def run(videos, folder, hook=None, resume=False):
    cfg = pretraining(videos, folder)
    cfg.experiment_name, cfg.resume = str(uuid4()), resume
    runner = Runner.from_cfg(cfg)
    if hook is not None:
        runner.register_hook(hook)
    runner.train()
    return torch.cat([
        parameter.detach().flatten().double().cpu()
        for parameter in runner.model.parameters()])


def test_a_resumed_run_ends_as_near_as_a_second_one_does(videos, tmp_path,
                                                         device):
    """cuDNN and atomic sums need not round alike in two runs."""
    whole, again = (run(videos, tmp_path / name) for name in ('a', 'b'))
    with pytest.raises(Stopped):
        run(videos, tmp_path / 'c', Stop(6))
    resumed = run(videos, tmp_path / 'c', resume=True)
    usual = (whole - again).abs().max()
    assert (resumed - whole).abs().max() <= max(10 * usual, 1e-6)


@pytest.mark.parametrize('option', [
    ['--amp'], []])
def test_half_precision_trains(option, videos, tmp_path, device):
    """MMEngine's float16 with loss scaling, and bfloat16 by default."""
    wrapper = ['optim_wrapper.type=OptimWrapper'] if option else []
    done = run_tool('tools/train.py', 'configs/ascnet/r18_folder.py',
                    '--no-validate', *option, '--work-dir', tmp_path / 'work',
                    '--cfg-options', f'data_root={videos}/videos', *wrapper,
                    *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    checkpoint = torch.load(
        tmp_path / 'work' / 'epoch_2.pth', weights_only=False)
    assert all(value.isfinite().all()
               for value in checkpoint['state_dict'].values())


def test_a_compiled_run_logs_the_same_losses(data, tmp_path,  # noqa: F811
                                             device):
    losses = {}
    for name in ('plain', 'compiled'):
        cfg = tiny('r18_folder.py', data, tmp_path / name)
        cfg.train_dataloader.batch_size = 8
        cfg.train_dataloader.dataset.indices = 16
        cfg.optim_wrapper.type = 'OptimWrapper'
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.train_cfg.max_epochs, cfg.randomness = 2, dict(seed=0)
        cfg.compile = name == 'compiled'
        cfg.experiment_name = str(uuid4())
        runner = Runner.from_cfg(cfg)
        runner.train()
        logged, _ = runner.message_hub.get_scalar('train/loss').data
        losses[name] = torch.tensor(logged)
    torch.testing.assert_close(losses['compiled'], losses['plain'],
                               atol=0.01, rtol=0)
