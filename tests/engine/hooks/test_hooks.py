from copy import deepcopy
from math import cos, pi
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.hooks import Hook
from mmengine.registry import MODEL_WRAPPERS, init_default_scope
from mmengine.runner import EpochBasedTrainLoop, Runner

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoFolder
from ascnet_mm.engine import MemoryBankHook, MomentumUpdateHook, SampleSeedHook
from ascnet_mm.engine.hooks import memory_bank
from ascnet_mm.models.heads import SCPHead
from ascnet_mm.models.memory_bank import BankEntries

from ...conftest import tiny_model
from ...helpers.processes import spawn
from ..reliability.test_loops import finetuning


def runner_at(iteration, max_iters=100, accumulative_counts=1, model=None):
    return SimpleNamespace(
        iter=iteration,
        max_iters=max_iters,
        model=model,
        optim_wrapper=SimpleNamespace(
            _accumulative_counts=accumulative_counts))


def test_momentum_follows_byols_cosine():
    hook = MomentumUpdateHook(momentum=0.99)
    for k in (0, 1, 50, 99):
        expected = 1 - (1 - 0.99) * (cos(pi * k / 100) + 1) / 2
        assert hook.momentum_at(runner_at(k)) == pytest.approx(expected)
    assert hook.momentum_at(runner_at(0)) == 0.99
    # 25 optimizer steps in 100 iterations
    assert hook.momentum_at(runner_at(
        42, accumulative_counts=4)) == hook.momentum_at(
            runner_at(10, max_iters=25))


@pytest.mark.parametrize('momentum, end', [(1.1, 1.2), (-0.1, 1.), (0.9, 0.8)])
def test_an_impossible_momentum_is_refused(momentum, end):
    with pytest.raises(InputError, match='momentum'):
        MomentumUpdateHook(momentum, end)


def test_training_starts_with_target_equal_to_online():
    """Whatever the target held before (load_from touches the encoder)."""
    for iteration, equal in ((0, True), (5, False)):  # 5: a resumed run
        model = tiny_model()
        with torch.no_grad():
            model.backbone.conv.weight.add_(1)
        MomentumUpdateHook().before_train(runner_at(iteration, model=model))
        assert equal == torch.equal(model.target_backbone.conv.weight,
                                    model.backbone.conv.weight)


def _on_one_of_two_ranks(rank, rendezvous, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    init_default_scope('mmaction')
    rows = torch.arange(6)[rank::2]  # as the sampler deals them out
    model = tiny_model()
    torch.manual_seed(0)
    head = SCPHead(4, 6, 5).eval()
    features, targets = torch.randn(6, 4)[rows], torch.randn(6, 5)[rows]
    loss = head.loss(head.predict(features), targets, FOUND[rows])
    entry = rows[:, None].expand(-1, 5).float()
    model._bank_entries = [BankEntries(entry, -entry, 1 + rows // 3, rows)]
    MemoryBankHook().after_train_iter(
        SimpleNamespace(model=model, message_hub=MagicMock()), 0)
    torch.save((loss.item(), model.memory_bank.state_dict()),
               f'{folder}/{rank}.pth')
    torch.distributed.destroy_process_group()


FOUND = torch.tensor([1, 0, 1, 0, 1, 0], dtype=torch.bool)  # rank 1: none


def test_two_ranks_fill_the_bank_and_average_as_one_process(tmp_path):
    spawn(
        _on_one_of_two_ranks,
        args=(str(tmp_path / 'rendezvous'), str(tmp_path)),
        nprocs=2)
    (loss0, bank0), (loss1, bank1) = (
        torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1))
    for speed, videos in ((1, [0, 1, 2]), (2, [3, 4, 5])):
        for bank in (bank0, bank1):
            ring = bank['rings'][speed]
            assert ring['video_ids'].tolist() == videos
            assert ring['appearance'][:, 0].tolist() == videos
            assert (ring['motion'] == -ring['appearance']).all()
    torch.manual_seed(0)
    head = SCPHead(4, 6, 5).eval()
    features, targets = torch.randn(6, 4), torch.randn(6, 5)
    # The ranks' gradients are averaged, and so is the loss.
    whole = head.loss(head.predict(features), targets, FOUND)
    assert (loss0 + loss1) / 2 == pytest.approx(whole.item(), rel=1e-5)


@pytest.mark.parametrize('backend, group', [('nccl', 'CPUs'), ('gloo', None)])
def test_what_is_known_on_the_cpu_travels_between_cpus(backend, group,
                                                       monkeypatch):
    sent = {}

    def all_gather(rows, group):
        sent[rows.dtype] = group
        return [rows, rows]

    monkeypatch.setattr(memory_bank, 'get_world_size', lambda: 2)
    monkeypatch.setattr(memory_bank, 'get_backend', lambda: backend)
    monkeypatch.setattr(memory_bank, 'all_gather', all_gather)
    monkeypatch.setattr(torch.distributed, 'new_group',
                        lambda backend: {'gloo': 'CPUs'}[backend])
    model = tiny_model()
    model._bank_entries = [BankEntries(
        *torch.randn(2, 3, 5), torch.ones(3).long(), torch.arange(3))]
    hook = MemoryBankHook()
    hook.before_train(runner_at(0, model=model))
    hook.after_train_iter(
        SimpleNamespace(model=model, message_hub=MagicMock()), 0)
    assert sent == {torch.float32: None, torch.int64: group}


def test_the_bank_enters_checkpoints_and_returns_on_resume_alone():
    model = tiny_model()
    model.memory_bank.enqueue(
        BankEntries(*torch.randn(2, 3, 5), torch.ones(3).long(),
                    torch.arange(3)))
    checkpoint = {}
    hook = MemoryBankHook()
    hook.before_save_checkpoint(runner_at(3, model=model), checkpoint)
    for resume, fill in ((True, 3 / 7), (False, 0)):
        other = runner_at(0, model=tiny_model())
        other._resume = resume
        hook.after_load_checkpoint(other, checkpoint)
        assert other.model.memory_bank.fill(1) == fill


def test_weights_shared_out_among_the_ranks_are_refused():
    """By the hooks, whoever starts the run."""

    class Sharded(torch.nn.Module):
        pass

    MODEL_WRAPPERS.register_module(module=Sharded)
    with pytest.raises(InputError, match='Sharded shares the weights out'):
        MomentumUpdateHook().before_train(runner_at(0, model=Sharded()))
    MODEL_WRAPPERS.module_dict.pop('Sharded')


class Loader(SimpleNamespace):
    batch_size = 8

    def __len__(self):
        return 0


def test_a_set_smaller_than_a_batch_is_refused(videos):
    runner = SimpleNamespace(
        train_loop=EpochBasedTrainLoop.__new__(EpochBasedTrainLoop),
        train_dataloader=Loader(
            dataset=VideoFolder(f'{videos}/videos', [], indices=3)))
    with pytest.raises(InputError, match='3 videos, fewer than one batch of '
                       '8: set train_dataloader.batch_size to 3'):
        SampleSeedHook().before_train(runner)


def test_a_set_without_identities_is_refused(videos):
    folder = VideoFolder(f'{videos}/videos', [])
    for dataset in ([1, 2], RepeatDataset(folder, times=2)):
        runner = SimpleNamespace(train_dataloader=Loader(dataset=dataset))
        with pytest.raises(InputError, match='VideoFolder, VideoList or'):
            SampleSeedHook().before_train(runner)


def test_a_loop_without_epochs_is_refused(videos):
    runner = SimpleNamespace(
        train_loop=object(),
        train_dataloader=Loader(
            dataset=VideoFolder(f'{videos}/videos', [])))
    with pytest.raises(InputError, match='ResumableEpochLoop'):
        SampleSeedHook().before_train(runner)


def test_seed_and_epoch_reach_all_joined_sets(videos):
    parts = [VideoFolder(f'{videos}/videos', [], part=part)
             for part in ('train', 'val')]
    SampleSeedHook().before_train_epoch(
        SimpleNamespace(
            seed=7, epoch=3,
            train_dataloader=Loader(dataset=ConcatDataset(parts))))
    assert [p._draws.tolist() for p in parts] == [[7, 3, 0], [7, 3, 1]]


def test_the_first_validation_is_of_the_runs_own_random_weights(
        videos, tmp_path):
    """EMAHook copies the model before its weights are initialized."""
    seen = []

    class See(Hook):

        def after_val_epoch(self, runner, metrics=None):
            # Before EMAHook, which puts the averages back
            seen.append(deepcopy(runner.model.state_dict()))

        priority = 'VERY_HIGH'

    cfg = finetuning(
        videos, tmp_path, **{
            'custom_hooks': [dict(type='EMAHook', momentum=0.3),
                             dict(type='InitialValidationHook')],
            'train_cfg.max_epochs': 1
        })
    cfg.experiment_name = 'first'
    runner = Runner.from_cfg(cfg)
    runner.register_hook(See())
    start = {}

    class Start(Hook):

        priority = 'LOWEST'

        def before_train_epoch(self, runner):
            start.update(deepcopy(runner.model.state_dict()))

    runner.register_hook(Start())
    runner.train()
    assert len(seen) == 2
    for key, value in start.items():
        assert torch.equal(seen[0][key], value), key
    assert any(not torch.equal(seen[1][key], start[key]) for key in start)
