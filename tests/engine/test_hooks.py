from math import cos, pi
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoFolder
from ascnet_mm.engine import MemoryBankHook, MomentumUpdateHook, SampleSeedHook
from ascnet_mm.models.memory_bank import BankEntries

from ..conftest import tiny_batch, tiny_model, train_on

HOOKS = [dict(type='MomentumUpdateHook'), dict(type='MemoryBankHook')]


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
    # 25 optimiser steps in 100 iterations
    assert hook.momentum_at(runner_at(
        42, accumulative_counts=4)) == hook.momentum_at(
            runner_at(10, max_iters=25))


@pytest.mark.parametrize('momentum, end', [(1.1, 1.2), (-0.1, 1.), (0.9, 0.8)])
def test_an_impossible_momentum_is_refused(momentum, end):
    with pytest.raises(InputError, match='momentum'):
        MomentumUpdateHook(momentum, end)


def test_training_starts_with_target_equal_to_online(tmp_path):
    """Whatever the target held before (load_from touches the encoder)."""
    model = tiny_model().double()
    with torch.no_grad():
        model.target_backbone.conv.weight.zero_()
    batch = tiny_batch([0, 1], [(1, 2)] * 2, torch.Generator().manual_seed(0))
    start = model.backbone.conv.weight.clone()
    train_on(model, [batch], str(tmp_path), [
        dict(type='MomentumUpdateHook', momentum=1.), HOOKS[1]])
    assert torch.equal(model.target_backbone.conv.weight, start)
    assert not torch.equal(model.backbone.conv.weight, start)


def test_several_ranks_fill_the_bank_in_the_order_of_one(monkeypatch):
    """Rank r of two has the rows r, r + 2, ... of the global batch."""
    rows = torch.arange(6)
    ranks = [rows[0::2], rows[1::2]]
    monkeypatch.setattr('ascnet_mm.engine.hooks.memory_bank.all_gather',
                        lambda mine: [r.to(mine.dtype) for r in (
                            ranks if mine.ndim == 1 else
                            [r[:, None] for r in ranks])])
    entered = []
    model = SimpleNamespace(
        memory_bank=SimpleNamespace(enqueue=entered.append, speeds=[]),
        take_bank_entries=lambda: BankEntries(
            ranks[0][:, None].float(), ranks[0][:, None].float(), ranks[0],
            ranks[0]))
    MemoryBankHook().after_train_iter(SimpleNamespace(model=model), 0)
    assert entered[0].video_ids.tolist() == rows.tolist()
    assert entered[0].motion.flatten().tolist() == rows.tolist()


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


class Loader(SimpleNamespace):
    batch_size = 8

    def __len__(self):
        return 0


def test_a_set_smaller_than_a_batch_is_refused(videos):
    runner = SimpleNamespace(
        train_dataloader=Loader(
            dataset=VideoFolder(f'{videos}/videos', [], indices=3)))
    with pytest.raises(InputError, match='3 videos, fewer than one batch of '
                       '8: set train_dataloader.batch_size to 3'):
        SampleSeedHook().before_train(runner)


def test_a_set_without_identities_is_refused():
    runner = SimpleNamespace(train_dataloader=Loader(dataset=[1, 2]))
    with pytest.raises(InputError, match='VideoFolder and VideoList'):
        SampleSeedHook().before_train(runner)


def test_seed_and_epoch_reach_the_sets_inside_wrappers(videos):
    parts = [VideoFolder(f'{videos}/videos', [], part=part)
             for part in ('train', 'val')]
    for seed, wrapped in ((7, ConcatDataset(parts)),
                          (8, RepeatDataset(parts[0], times=2))):
        SampleSeedHook().before_train_epoch(
            SimpleNamespace(
                seed=seed, epoch=3,
                train_dataloader=Loader(dataset=wrapped)))
    assert [p._draws.tolist() for p in parts] == [[8, 3], [7, 3]]
