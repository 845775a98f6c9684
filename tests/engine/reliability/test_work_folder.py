import time
from uuid import uuid4

import pytest
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.apis import build_runner
from ascnet_mm.lock import leave

from ...helpers.processes import start_script
from .test_loops import pretraining


def config(videos, folder):
    cfg = pretraining(videos, folder, val_cfg=None, val_dataloader=None,
                      val_evaluator=None, **{'train_cfg.max_epochs': 1})
    cfg.experiment_name, cfg.log_level = str(uuid4()), 'WARNING'
    return cfg


def runner(videos, folder):
    return Runner.from_cfg(config(videos, folder))


def test_two_trainings_do_not_share_a_folder(owner, videos, tmp_path):
    (tmp_path / 'iter_2.pth.part').write_text('the other one is writing this')
    printed = owner.parent / 'printed'
    owner = start_script([owner, tmp_path, 600], out=printed)
    while not printed.exists() or printed.read_text() != 'taken\n':
        assert owner.is_alive()
        time.sleep(.01)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=f'process .{owner.pid} on'):
        build_runner(config(videos, tmp_path), ('train', ))
    assert sorted(tmp_path.iterdir()) == before
    # MMAction2's scripts, too, though they build the runner first.
    with pytest.raises(InputError, match=f'process .{owner.pid} on'):
        runner(videos, tmp_path).train()
    assert (tmp_path / 'iter_2.pth.part').exists()
    owner.kill()
    owner.join()
    runner(videos, tmp_path).train()
    # One after the other in a process, too.
    assert (tmp_path / 'iter_4.pth').exists()
    runner(videos, tmp_path).train()


def test_a_fresh_run_names_the_checkpoints_of_another(videos, tmp_path):
    for number in range(5):
        (tmp_path / f'epoch_{number}.pth').write_bytes(b'')
    found = runner(videos, tmp_path)
    found.train()
    with open(f'{found.log_dir}/{found.timestamp}.log') as file:
        log = file.read()
    assert '(epoch_0.pth, epoch_1.pth, epoch_2.pth and 2 more)' in log


@pytest.mark.parametrize('resume', [False, True])
def test_checkpoints_that_will_be_replaced_are_named(
        resume, videos, tmp_path):
    """Also where --resume finds no last_checkpoint, as in a copied folder."""
    (tmp_path / 'epoch_1.pth').write_text('of another run')
    cfg = config(videos, tmp_path)
    cfg.resume = resume
    said = []
    run = Runner.from_cfg(cfg)
    run.logger.addFilter(lambda record: said.append(record.getMessage()))
    hook = next(hook for hook in run.hooks
                if type(hook).__name__ == 'WorkFolderHook')
    run._train_loop = run.build_train_loop(run._train_loop)
    hook.before_run(run)
    leave(str(tmp_path))
    assert any('epoch_1.pth' in line and 'replaced' in line for line in said)
    said.clear()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    hook.before_run(run)
    leave(str(tmp_path))
    assert bool(said) is not resume
