"""A run that is stopped and resumed ends like one that was not."""
import os
import os.path as osp
from uuid import uuid4

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ascnet_mm import InputError
from ascnet_mm.apis import read_config
from ascnet_mm.datasets.base import BaseVideoDataset
from ascnet_mm.engine import ResumableEpochLoop

from ...conftest import ROOT
from ...helpers.resuming import differences

# 16 videos in batches of 4: three epochs of four iterations
ITERATIONS = 12


class Stopped(Exception):
    pass


class Stop(Hook):
    """Ends the process, as it were, at one of its moments."""

    priority = 'LOWEST'

    def __init__(self, iteration: int, moment: str = 'after_train_iter'):
        self.iteration = iteration
        self.moment = moment

    def _at(self, moment, iteration):
        if (moment, iteration) == (self.moment, self.iteration):
            raise Stopped

    def before_train(self, runner):
        self._at('before_train', runner.iter)

    def after_train_iter(self, runner, *args, **kwargs):
        self._at('after_train_iter', runner.iter + 1)

    def after_train_epoch(self, runner):
        self._at('after_train_epoch', runner.iter)

    def after_val_iter(self, runner, *args, **kwargs):
        self._at('after_val_iter', runner.iter)

    def after_val_epoch(self, runner, metrics=None):
        self._at('after_val_epoch', runner.iter)


def pretraining(videos, work_dir, workers=0, **options):
    """The folder config, tiny: a checkpoint after each second iteration."""
    loaders = {
        f'{part}_dataloader.{key}': value
        for part in ('train', 'val') for key, value in dict(
            num_workers=workers, persistent_workers=workers > 0,
            pin_memory=False).items()
    }
    cfg = read_config(
        osp.join(ROOT, 'configs', 'ascnet', 'r18_folder.py'), {
            'data_root': f'{videos}/videos', 'clip_len': 4,
            'scale': (24, 24), 'batch_size': 4,
            'model.backbone.base_channels': 2,
            'model.acp_head.in_channels': 16,
            'model.scp_head.in_channels': 16,
            'model.acp_head.hidden_channels': 8,
            'model.scp_head.hidden_channels': 8,
            'model.memory_bank.size': 32,
            'train_dataloader.dataset.indices': 16,
            'train_cfg.max_epochs': 3, 'train_cfg.val_interval': 2,
            'default_hooks.logger.interval': 3,
            'default_hooks.checkpoint.by_epoch': False,
            'default_hooks.checkpoint.interval': 2,
            **loaders, **options})  # yapf: disable
    return ready(cfg, work_dir)


def finetuning(videos, work_dir, workers=0, **options):
    """The supervised config, tiny, with its dropout."""
    lists = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    cfg = read_config(
        osp.join(ROOT, 'configs', 'ascnet', 'finetune',
                 'r18_ucf101_scratch.py'), {
            'data_root': videos, 'clip_len': 4, 'scale': (24, 24),
            'batch_size': 4,
            'model.backbone.base_channels': 2,
            'model.cls_head.in_channels': 16,
            'train_dataloader.dataset.indices': 16,
            'val_dataloader.dataset.indices': 8,
            'train_cfg.max_epochs': 3, 'train_cfg.val_interval': 2,
            'default_hooks.checkpoint.by_epoch': False,
            'default_hooks.checkpoint.interval': 2,
            **{f'{name}.{key}': value for name in lists for key, value in dict(
                num_workers=workers, persistent_workers=workers > 0,
                pin_memory=False).items()},
            **{f'{name}.dataset.ann_file': f'{videos}/{part}.txt'
               for name, part in zip(lists, ('train', 'test', 'test'))},
            **options})  # yapf: disable
    return ready(cfg, work_dir)


def ready(cfg, work_dir):
    cfg.work_dir = str(work_dir)
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.env_cfg.cudnn_benchmark = False
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=3)
    return cfg


def train(cfg, stop=None, resume=False):
    """The checkpoint that the run ends with; None if it was stopped."""
    cfg.experiment_name = str(uuid4())
    cfg.resume = resume
    runner = Runner.from_cfg(cfg)
    if stop:
        runner.register_hook(stop)
        with pytest.raises(Stopped):
            runner.train()
        return None
    runner.train()
    return last(cfg)


def last(cfg):
    with open(osp.join(cfg.work_dir, 'last_checkpoint')) as file:
        return torch.load(file.read(), weights_only=False)


@pytest.mark.parametrize('workers, iteration', [(0, 3), (1, 4), (3, 7)])
def test_it_goes_on_in_the_middle_of_an_epoch(
        workers, iteration, whole, videos, tmp_path):
    """3: from 2; 4: behind the last batch of an epoch; 7: from 6."""
    cfg = pretraining(videos, tmp_path, workers)
    train(cfg, Stop(iteration))
    assert last(cfg)['meta']['iter'] == iteration // 2 * 2
    assert differences(train(cfg, resume=True), whole) == []
    assert whole['meta']['iter'] == ITERATIONS


def test_nothing_that_was_seen_is_decoded_again(
        videos, tmp_path, monkeypatch):
    cfg = pretraining(videos, tmp_path)
    train(cfg, Stop(7))
    decoded, read = [], BaseVideoDataset._read

    def noted(dataset, index, seed):
        if not dataset.test_mode:
            decoded.append(index)
        return read(dataset, index, seed)

    monkeypatch.setattr(BaseVideoDataset, '_read', noted)
    train(cfg, resume=True)
    # Two of the second epoch's batches, and the third epoch
    assert len(set(decoded[:8])) == 8
    assert sorted(decoded[8:]) == list(range(16))


@pytest.fixture(params=[True, False], ids=['by_epoch', 'by_iteration'],
                scope='module')
def keeping_the_best(request, videos, tmp_path_factory):
    """Options that keep the best and the newest, and a whole run's end."""
    options = {
        'default_hooks.checkpoint.by_epoch': request.param,
        'default_hooks.checkpoint.interval': 1,
        'default_hooks.checkpoint.max_keep_ckpts': 1,
        'default_hooks.checkpoint.save_best': 'same_video/top1',
        'default_hooks.checkpoint.rule': 'less',
    }
    cfg = pretraining(videos, tmp_path_factory.mktemp('best'), **options)
    return options, train(cfg), checkpoints_in(cfg.work_dir)


def checkpoints_in(folder):
    return sorted(name for name in os.listdir(folder)
                  if name.endswith('.pth'))


@pytest.mark.parametrize('moment', ['after_val_iter', 'after_val_epoch'])
def test_a_validation_that_was_due_is_made_up_for(
        moment, keeping_the_best, videos, tmp_path):
    """With the best checkpoint, and only the newest kept."""
    options, end, names = keeping_the_best
    cfg = pretraining(videos, tmp_path, **options)
    train(cfg, Stop(8, moment))
    assert differences(train(cfg, resume=True), end) == []
    # of the random network and after two epochs; that after the third is
    # younger than the checkpoint
    log = end['message_hub']['log_scalars']['val/same_video/top1']
    assert len(log.data[0]) == 2
    assert checkpoints_in(tmp_path) == names
    assert len([name for name in names if name.startswith('best')]) == 1
    assert len(names) == 2


def test_an_unfinished_accumulation_goes_on(videos, tmp_path):
    options = {'optim_wrapper.accumulative_counts': 3}
    whole = train(pretraining(videos, tmp_path / 'whole', **options))
    cfg = pretraining(videos, tmp_path / 'stopped', **options)
    train(cfg, Stop(5))
    assert set(last(cfg)['gradients']) < set(whole['state_dict'])
    assert differences(train(cfg, resume=True), whole) == []
    assert 'gradients' not in whole  # after an optimizer step


def test_fine_tuning_goes_on_with_its_dropout(videos, tmp_path):
    whole = train(finetuning(videos, tmp_path / 'whole'))
    cfg = finetuning(videos, tmp_path / 'stopped')
    train(cfg, Stop(7))
    assert differences(train(cfg, resume=True), whole) == []


def test_the_order_of_a_run_without_a_seed_is_kept(videos, tmp_path):
    """Of what is left of the epoch, whatever the new process draws."""
    cfg = pretraining(videos, tmp_path)
    cfg.randomness = dict(seed=None)
    train(cfg, Stop(6))
    seed = last(cfg)['meta']['sampler_seed']
    end = train(cfg, resume=True)
    assert end['meta']['sampler_seed'] == end['meta']['seed'] == seed


def test_another_number_of_batches_is_refused(videos, tmp_path):
    cfg = pretraining(videos, tmp_path)
    train(cfg, Stop(7))
    cfg.train_dataloader.batch_size = 8
    cfg.resume = True
    cfg.experiment_name = str(uuid4())
    with pytest.raises(InputError, match='iteration 6 of a run with 4 batches '
                       'an epoch, and this one has 2'):
        Runner.from_cfg(cfg).train()


def test_a_loader_without_batches_is_refused(videos, tmp_path):
    cfg = pretraining(videos, tmp_path)
    cfg.train_dataloader.update(batch_size=None, drop_last=False)
    cfg.experiment_name = str(uuid4())
    with pytest.raises(InputError, match='train_dataloader.batch_size'):
        Runner.from_cfg(cfg).train()


def test_an_order_that_cannot_be_resumed_is_refused(videos, tmp_path):
    cfg = pretraining(videos, tmp_path)
    runner = Runner.from_cfg(cfg)
    loader = DataLoader(range(8), batch_size=2, shuffle=True)
    with pytest.raises(InputError, match='a RandomSampler cannot be resumed'):
        ResumableEpochLoop(runner, loader, max_epochs=1)


def test_gradients_that_several_ranks_lose_are_told_once(
        videos, tmp_path, monkeypatch):
    """A checkpoint between two optimizer steps; at a step there are none."""
    monkeypatch.setattr('ascnet_mm.engine.reliability.loops.get_world_size',
                        lambda: 2)
    said = []

    def run(folder, counts):
        cfg = pretraining(videos, folder, val_cfg=None, val_dataloader=None,
                          val_evaluator=None, **{
                              'optim_wrapper.accumulative_counts': counts,
                              'default_hooks.checkpoint.interval': 1})
        cfg.experiment_name = str(uuid4())
        runner = Runner.from_cfg(cfg)
        monkeypatch.setattr(runner.logger, 'warning', said.append)
        runner.register_hook(Stop(4))
        with pytest.raises(Stopped):
            runner.train()
        return last(cfg)

    assert 'gradients' not in run(tmp_path / 'each', 1) and not said
    assert 'gradients' not in run(tmp_path / 'third', 3)
    [line] = said
    assert 'iteration 1 lies between two optimizer steps' in line


def test_mmengines_loop_is_not_resumed_within_an_epoch(videos, tmp_path):
    """It would train more iterations than there are."""
    cfg = pretraining(videos, tmp_path)
    cfg.train_cfg.type = 'EpochBasedTrainLoop'
    train(cfg, Stop(3))
    with pytest.raises(
            InputError, match='at iteration 2, which is within an epoch of '
            "4, .*='ResumableEpochLoop'"):
        train(cfg, resume=True)


def test_ranks_that_begin_at_different_iterations_are_refused(
        videos, tmp_path, monkeypatch):
    """As where a node has its own disk and finds no checkpoint."""
    monkeypatch.setattr('ascnet_mm.engine.reliability.loops.all_gather_object',
                        lambda iteration: [iteration, 120])
    cfg = pretraining(videos, tmp_path)
    cfg.experiment_name = str(uuid4())
    runner = Runner.from_cfg(cfg)
    # A hook would wait for the other ranks.
    runner.register_hook(Stop(0, 'before_train'))
    with pytest.raises(
            InputError, match=r'iterations \[0, 120\]; .* all nodes'):
        runner.train()
    assert not list(tmp_path.glob('*.pth'))


def test_a_part_of_each_epoch_may_do(videos, tmp_path):
    """MMEngine's ``num_batch_per_epoch``, for a quick look."""
    cfg = pretraining(videos, tmp_path)
    cfg.train_dataloader.num_batch_per_epoch = 2
    assert train(cfg)['meta']['iter'] == 6
