import subprocess
import sys
from uuid import uuid4

import pytest
from mmengine.runner import Runner

from ascnet_mm import InputError

from .test_loops import pretraining

# Another process that has a folder until it is told to end.
OWNER = '''
import sys
from ascnet_mm.engine import WorkFolderHook
hook = WorkFolderHook()
assert hook._take(sys.argv[1]) is None
print('taken', flush=True)
sys.stdin.read()
'''


def runner(videos, folder):
    cfg = pretraining(videos, folder, val_cfg=None, val_dataloader=None,
                      val_evaluator=None, **{'train_cfg.max_epochs': 1})
    cfg.experiment_name, cfg.log_level = str(uuid4()), 'WARNING'
    return Runner.from_cfg(cfg)


def test_two_trainings_do_not_share_a_folder(videos, tmp_path):
    (tmp_path / 'iter_2.pth.part').write_text('the other one is writing this')
    owner = subprocess.Popen(
        [sys.executable, '-c', OWNER, str(tmp_path)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == 'taken\n'
    with pytest.raises(InputError, match=f'process {owner.pid} on'):
        runner(videos, tmp_path).train()
    assert (tmp_path / 'iter_2.pth.part').exists()
    owner.kill()
    owner.wait()
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
