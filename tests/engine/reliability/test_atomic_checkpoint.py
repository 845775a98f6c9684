import os
import shutil
from uuid import uuid4

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.engine import AtomicCheckpointHook

from .test_loops import Stop, last, pretraining, train


class FullDisk(Hook):
    """Leaves no room for one file."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch) -> None:
        self.name = name
        self.patch = patch

    def before_train_epoch(self, runner) -> None:
        fsync = os.fsync

        def flush(descriptor):
            if self.name in os.readlink(f'/proc/self/fd/{descriptor}'):
                raise OSError(28, 'No space left on device')
            fsync(descriptor)

        self.patch.setattr(os, 'fsync', flush)


def test_a_full_disk_costs_no_checkpoint(videos, tmp_path, monkeypatch):
    """The newest alone is kept, and it is not removed beforehand."""
    options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
    cfg = pretraining(videos, tmp_path, **options)
    cfg.experiment_name = str(uuid4())
    runner = Runner.from_cfg(cfg)
    with monkeypatch.context() as patch:
        runner.register_hook(FullDisk('iter_4.pth', patch))
        with pytest.raises(InputError, match='iter_4.pth cannot be written'):
            runner.train()
    assert last(cfg)['meta']['iter'] == 2
    assert sorted(p.name for p in tmp_path.glob('*.pth*')) == ['iter_2.pth']
    for name in ('iter_4.pth.part', 'terminated.pth.0a1b2c3d.part',
                 'last_checkpoint.0a1b2c3d.part'):
        (tmp_path / name).write_bytes(b'left by a killed run')
    train(cfg, resume=True)
    assert sorted(p.name for p in tmp_path.glob('*.pth*')) == ['iter_12.pth']
    assert not [*tmp_path.glob('*.part')]


def test_the_best_is_kept_until_a_better_one_is_there(tmp_path):
    class FakeRunner:
        epoch = iter = 4
        work_dir = str(tmp_path)
        message_hub = MessageHub(str(uuid4()))
        logger = type('Logger', (), dict(info=lambda self, text: None))()
        full = False

        def save_checkpoint(self, folder, filename, *args, **kwargs):
            if self.full:
                raise InputError('no room')
            (tmp_path / filename).touch()

    runner = FakeRunner()
    hook = AtomicCheckpointHook(
        by_epoch=True, interval=1, save_best='acc', rule='greater')
    hook.before_train(runner)
    hook.after_val_epoch(runner, dict(acc=1.))
    runner.epoch = 5
    hook.after_val_epoch(runner, dict(acc=2.))
    assert [p.name for p in tmp_path.glob('best*')] == ['best_acc_epoch_5.pth']
    runner.epoch, runner.full = 6, True
    with pytest.raises(InputError):
        hook.after_val_epoch(runner, dict(acc=3.))
    assert [p.name for p in tmp_path.glob('best*')] == ['best_acc_epoch_5.pth']


def test_a_best_of_nothing_is_refused(videos, tmp_path):
    """Before the first step, with the names that there are."""
    with pytest.raises(InputError, match='default_hooks.checkpoint: .*rule'):
        AtomicCheckpointHook(save_best='nothing')
    for name in ('knn/top1', 'same_video/top7'):
        cfg = pretraining(videos, tmp_path,
                          **{'default_hooks.checkpoint.save_best': name})
        cfg.experiment_name = str(uuid4())
        with pytest.raises(InputError, match=f'{name}.*same_video/top1'):
            Runner.from_cfg(cfg).train()
        assert not list(tmp_path.glob('*.pth'))


@pytest.mark.parametrize('better', [True, False])
@pytest.mark.parametrize('copied', [True, False])
def test_a_run_that_goes_on_elsewhere_leaves_the_best_where_it_was(
        copied, better, videos, tmp_path):
    before, after = tmp_path / 'before', tmp_path / 'after'
    options = {
        'default_hooks.checkpoint.save_best': [
            'same_video/top1', 'speed_probe/accuracy'],
        'default_hooks.checkpoint.rule': 'greater',
        'default_hooks.checkpoint.published_keys': ['meta'],
        'train_cfg.max_epochs': 2, 'train_cfg.val_interval': 1
    }
    train(pretraining(videos, before, **options), Stop(5))
    path = before / 'iter_4.pth'
    state = torch.load(path, weights_only=False)
    info = state['message_hub']['runtime_info']
    for key in [key for key in info if key.startswith('best_score')]:
        info[key] = -1. if better else 101.
    torch.save(state, path)
    best = sorted(p.name for p in before.glob('best*'))
    assert len(best) == 2
    if copied:
        shutil.copytree(before, after)
    cfg = pretraining(videos, after, **options)
    cfg.load_from = str(path)
    train(cfg, resume=True)
    assert sorted(p.name for p in before.glob('best*')) == best
    # Published ones have a hash behind a hyphen.
    found = sorted(p.name for p in after.glob('best*') if '-' not in p.name)
    if better:
        assert len(found) == 2 and not set(found) & set(best)
    else:
        assert found == (best if copied else [])
