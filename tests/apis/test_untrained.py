import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ascnet_mm.apis import save_untrained

from ..configs.test_runs import data, tiny  # noqa: F401


class Start(Hook):
    """Keeps the weights that the first iteration finds."""

    def before_train_epoch(self, runner):
        self.state = {
            key: value.clone()
            for key, value in runner.model.state_dict().items()
        }
        raise StopIteration


def test_it_is_what_a_run_of_that_seed_starts_from(
        data, tmp_path):  # noqa: F811
    cfg = tiny('r18_folder.py', data, tmp_path)
    cfg.randomness = dict(seed=5)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    start, runner = Start(), Runner.from_cfg(cfg)
    runner.register_hook(start, priority='HIGHEST')
    with pytest.raises(StopIteration):
        runner.train()
    save_untrained(cfg.model, 5, str(tmp_path / 'there' / 'untrained.pth'))
    found = torch.load(
        tmp_path / 'there' / 'untrained.pth', weights_only=True)['state_dict']
    assert found.keys() == start.state.keys()
    for key, value in start.state.items():
        assert torch.equal(found[key], value), key
