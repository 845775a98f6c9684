"""SIGTERM ends a run with a checkpoint, and spares its workers."""
import os
import os.path as osp
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import active_children, get_context
from types import SimpleNamespace
from unittest.mock import Mock
from uuid import uuid4

import mmaction
import pytest
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import distributed

from ascnet_mm.datasets import VideoFolder
from ascnet_mm.engine import TerminationHook

from ...conftest import ROOT
from ...helpers.processes import start_script
from ...helpers.resuming import differences
from .test_loops import finetuning, last, pretraining, train

SCRIPTS = osp.join(osp.dirname(mmaction.__file__), '.mim', 'tools')


def send(*processes):
    """As a cluster does: the signal comes from another process."""
    subprocess.run(['kill', '-TERM', *map(str, processes)], check=True)


class Cluster(Hook):
    """Sends the signal at one moment, to the run or to its workers."""

    def __init__(self, moment, iteration, to='run') -> None:
        self.at = moment, iteration
        self.to = to

    def _maybe(self, moment, iteration):
        if self.at != (moment, iteration):
            return
        workers = [process.pid for process in active_children()]
        send(*{'run': [os.getpid()], 'workers': workers,
               'all': [os.getpid(), *workers]}[self.to])
        time.sleep(.3)  # for whoever would die of it

    def before_train_iter(self, runner, *args, **kwargs):
        self._maybe('before_train_iter', runner.iter + 1)

    def before_train_epoch(self, runner):
        self._maybe('before_train_epoch', runner.iter)

    def before_val_iter(self, runner, *args, **kwargs):
        self._maybe('before_val_iter', runner.iter)


@pytest.mark.parametrize('moment, iteration, workers', [
    ('before_train_iter', 7, 0),
    ('before_train_epoch', 4, 1),  # before data is waited for
    ('before_val_iter', 8, 0),
    ('before_val_iter', 0, 1),
])
def test_the_run_ends_within_a_step_and_goes_on_there(
        moment, iteration, workers, whole, videos, tmp_path):
    cfg = pretraining(videos, tmp_path, workers)
    cfg.experiment_name = str(uuid4())
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Cluster(moment, iteration))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        runner.train()
    assert end.value.code == 0
    assert last(cfg)['meta']['iter'] == iteration
    assert (tmp_path / 'terminated.pth').exists()
    assert signal.getsignal(signal.SIGTERM) is before
    assert differences(train(cfg, resume=True), whole) == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_to_another_child_does_not_end_the_run(videos, tmp_path):
    class Pool(Hook):
        """Ends a process of its own."""

        def before_train_iter(self, runner, *args, **kwargs):
            if runner.iter == 2:
                own = get_context('fork').Process(
                    target=time.sleep, args=(9, ))
                own.start()
                own.terminate()
                time.sleep(2.5)  # the run would end after one or two
                own.kill()
                own.join()

    runner = Runner.from_cfg(pretraining(videos, tmp_path, 0))
    runner.register_hook(Pool())
    runner.train()
    assert not (tmp_path / 'terminated.pth').exists()


def to_the_process():
    subprocess.Popen(['sh', '-c', f'sleep 1; kill -TERM {os.getpid()}'])


def to_another_thread():
    """Which the kernel may choose; the first one sleeps on."""

    def take():
        time.sleep(1)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    threading.Thread(target=take, daemon=True).start()


@pytest.mark.parametrize('workers, send', [
    (0, to_the_process), (1, to_the_process), (0, to_another_thread)])
def test_it_ends_while_data_are_waited_for_that_never_come(
        workers, send, whole, videos, tmp_path, monkeypatch):
    cfg = pretraining(videos, tmp_path, workers)
    cfg.experiment_name = str(uuid4())
    load = VideoFolder.prepare_data

    def starve(dataset, index):
        if not dataset.test_mode and dataset._draws[1] == 1:
            time.sleep(600)
        return load(dataset, index)

    class Later(Hook):

        def before_train_epoch(self, runner):
            if runner.epoch == 1:
                send()

    with monkeypatch.context() as patch:
        patch.setattr(VideoFolder, 'prepare_data', starve)
        runner = Runner.from_cfg(cfg)
        runner.register_hook(Later())
        with pytest.raises(SystemExit) as end:
            runner.train()
        assert end.value.code == 0
    assert last(cfg)['meta']['iter'] == 4
    assert differences(train(cfg, resume=True), whole) == []


def test_workers_do_not_die_of_it_and_end_with_the_run(
        whole, videos, tmp_path):
    cfg = pretraining(videos, tmp_path, workers=3)
    cfg.experiment_name = str(uuid4())
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Cluster('before_train_iter', 2, to='workers'))
    runner.register_hook(Cluster('before_train_iter', 7, to='all'))
    with pytest.raises(SystemExit):
        runner.train()
    assert last(cfg)['meta']['iter'] == 7
    workers = active_children()
    assert len(workers) >= 3
    for worker in workers:
        worker.terminate()  # their parent's signal counts
        worker.join(timeout=20)
        assert worker.exitcode == 0


def command(script, videos, work_dir, *args):
    """tools/train.py or MMAction2's, with options that both know."""
    sets = [
        f'{part}_dataloader.{option}' for part in ('train', 'val')
        for option in ('num_workers=1', f'dataset.data_root={videos}/videos',
                       'dataset.pipeline.1.clip_len=4',
                       'dataset.pipeline.3.scale=(24,24)')
    ]
    return [
        sys.executable, script, 'configs/ascnet/r18_folder.py', '--work-dir',
        str(work_dir), *args, '--cfg-options', *sets,
        'train_dataloader.batch_size=4', 'model.backbone.base_channels=2',
        'model.acp_head.in_channels=16', 'model.scp_head.in_channels=16',
        'model.memory_bank.size=32', 'train_cfg.max_epochs=500',
        'default_hooks.logger.interval=1'
    ]


@pytest.mark.parametrize('script', [
    osp.join(ROOT, 'tools', 'train.py'),
    osp.join(SCRIPTS, 'train.py')
])
def test_a_script_ends_with_0_when_its_process_group_is_told_to(
        script, videos, tmp_path):
    if not osp.isfile(script):
        pytest.skip('this installation of MMAction2 has no scripts')
    told = tmp_path / 'printed'
    process = start_script(
        command(script, videos, tmp_path)[1:], out=told, err=told,
        first=os.setsid, finalize=True)
    deadline = time.monotonic() + 120
    while not any('loss' in path.read_text()
                  for path in tmp_path.glob('*/vis_data/scalars.json')):
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(.05)
    os.killpg(process.pid, signal.SIGTERM)  # the workers too
    process.join(60)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
    printed = told.read_text()
    assert process.exitcode == 0, printed[-2000:]
    assert 'Terminated at iteration' in printed
    assert 'Traceback' not in printed and 'killed by signal' not in printed
    assert (tmp_path / 'last_checkpoint').read_text() == str(
        tmp_path / 'terminated.pth')


def test_validation_alone_needs_no_training(videos, tmp_path):
    cfg = pretraining(videos, tmp_path)
    cfg.experiment_name = str(uuid4())
    assert Runner.from_cfg(cfg).val()


@pytest.mark.parametrize('failed', [False, True])
def test_an_agreement_that_comes_just_after_the_wait_counts(
        failed, monkeypatch):
    """Between a wait that ran out and the question whether it is complete."""

    class Work:

        def wait(self, timeout=None):
            if timeout is not None:
                raise RuntimeError('Operation timed out!')
            if failed:
                raise RuntimeError('Connection closed by peer')

        def is_completed(self):
            return True

    def reduce(tensor, *args, **kwargs):
        tensor.fill_(1)  # another rank has the signal
        return Work()

    monkeypatch.setattr(distributed, 'all_reduce', reduce)
    hook = TerminationHook()
    hook._group = 'all ranks'
    if failed:
        with pytest.raises(RuntimeError, match='closed by peer'):
            hook._agreed()
    else:
        assert hook._agreed() is True


@pytest.mark.parametrize('moment, iteration', [
    ('before_train_iter', 6), ('before_val_iter', 8)])
def test_averaged_weights_stay_apart_from_the_model(
        moment, iteration, videos, tmp_path):
    """MMEngine's EMAHook has them in the model while it validates."""
    ema = [dict(type='EMAHook', momentum=0.3)]
    options = {
        'custom_hooks': ema, 'train_dataloader.dataset.indices': 16
    }
    expected = train(finetuning(videos, tmp_path / 'whole', **options))
    cfg = finetuning(videos, tmp_path / 'stopped', **options)
    cfg.experiment_name = str(uuid4())
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Cluster(moment, iteration))
    with pytest.raises(SystemExit):
        runner.train()
    assert last(cfg)['meta']['iter'] == iteration
    assert differences(train(cfg, resume=True), expected) == []


@pytest.mark.parametrize('left', [0, 1])
def test_a_rank_agrees_only_where_the_others_will(left, monkeypatch):
    """Behind the last batch, they may have begun to validate."""
    ended = []
    monkeypatch.setattr(
        'ascnet_mm.engine.reliability.termination._waits_for_data',
        lambda frame: True)
    hook = TerminationHook()
    monkeypatch.setattr(hook, '_end', lambda runner: ended.append('ended'))
    runner = SimpleNamespace(
        train_loop=Mock(EpochBasedTrainLoop, dataloader=range(4), seen=2))
    hook.before_train_epoch(runner)
    monkeypatch.setattr(hook, '_agreed', lambda: False)
    for batch in range(2, 4 - left):
        hook.before_train_iter(runner, batch)
    monkeypatch.setattr(hook, '_agreed', lambda: ended.append('agreed'))
    hook._received = time.monotonic() - 5
    hook._receive(runner, signal.SIGTERM, None)
    assert ended == ['agreed', 'ended'] * left
