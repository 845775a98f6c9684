"""``compile=True`` in a config: torch.compile, MMEngine's option."""
import torch
from mmengine.runner import Runner

from ..configs.test_runs import data, tiny  # noqa: F401


def losses(cfg):
    cfg.optim_wrapper.type = 'OptimWrapper'
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg.max_epochs, cfg.randomness = 2, dict(seed=0)
    runner = Runner.from_cfg(cfg)
    runner.train()
    logged, _ = runner.message_hub.get_scalar('train/loss').data
    return torch.tensor(logged)


def test_a_compiled_step_is_the_same(data, tmp_path):  # noqa: F811
    """The backend that needs no C++ compiler."""
    plain = tiny('r18_folder.py', data, tmp_path / 'plain')
    compiled = tiny('r18_folder.py', data, tmp_path / 'compiled')
    for cfg in (plain, compiled):  # statistics of four videos differ by more
        cfg.train_dataloader.batch_size = 8
        cfg.train_dataloader.dataset.indices = 16
    compiled.compile = dict(backend='aot_eager')
    compiled.experiment_name += '_compiled'
    expected = losses(plain)
    assert len(expected) == 4
    torch.testing.assert_close(
        losses(compiled), expected, atol=1e-3, rtol=0)
