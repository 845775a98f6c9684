import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoFolder
from ascnet_mm.engine import SkippedVideosHook

from ...datasets.test_hostile import PIPELINE
from ...datasets.video.test_reader import render
from ...helpers.processes import spawn


def loader_of(folder, **options):
    return SimpleNamespace(dataset=VideoFolder(folder, PIPELINE, **options))


def runner_of(work_dir, train, val=None, iteration=0):
    log_dir = os.path.join(work_dir, 'run')
    os.makedirs(log_dir, exist_ok=True)
    return SimpleNamespace(
        work_dir=str(work_dir), log_dir=log_dir, iter=iteration,
        train_dataloader=train, val_dataloader=val, test_dataloader=val,
        val_loop=val, logger=MMLogger.get_instance('skipped'))


@pytest.fixture
def folder(tmp_path):
    """Two files that are no videos, and eight that are."""
    root = tmp_path / 'videos'
    root.mkdir()
    for index in range(8):
        render(root / f'good{index}.mp4', frames=6)
    for index in range(2):
        (root / f'bad{index}.mp4').write_bytes(b'no video')
    return str(root)


@pytest.mark.parametrize('share, allowed', [(0, 0), (0.1, 1), (0.19, 1),
                                            (0.2, 2), (1, 2)])
def test_a_run_stops_when_more_than_the_share_is_unreadable(
        share, allowed, folder, tmp_path):
    hook = SkippedVideosHook(max_share=share)
    runner = runner_of(tmp_path, loader_of(folder))
    hook.before_train(runner)
    for found in (0, 1, 2):
        if found:
            runner.train_dataloader.dataset[found - 1]
        for check in (lambda: hook.after_train_iter(runner, 0),
                      lambda: hook.after_train_epoch(runner)):
            if found <= allowed:
                check()
                continue
            with pytest.raises(InputError) as error:
                check()
            message = str(error.value)
            assert f'{found} of the 10 training videos' in message
            assert str(tmp_path / 'skipped_videos.txt') in message
            assert 'max_share' in message and f'{100 * share:g} %' in message


@pytest.mark.parametrize('share', [-0.1, 1.1, float('nan')])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(InputError, match='max_share'):
        SkippedVideosHook(max_share=share)


def test_a_resumed_run_goes_on_with_the_list(folder, tmp_path):
    def start(iteration):
        runner = runner_of(tmp_path, loader_of(folder), iteration=iteration)
        SkippedVideosHook().before_train(runner)
        return runner.train_dataloader.dataset

    start(0)[0]
    listed = tmp_path / 'skipped_videos.txt'
    assert listed.read_text().count('\n') == 1
    assert start(5).skipped.sum() == 1
    assert start(0).skipped.sum() == 0 and not listed.exists()


def test_sets_and_ranks_hear_of_one_another(folder, tmp_path):
    """What training found, validation does not try; nor do other ranks."""
    hook = SkippedVideosHook(max_share=1)
    runner = runner_of(tmp_path, loader_of(folder),
                       loader_of(folder, test_mode=True))
    hook.before_train(runner)
    runner.train_dataloader.dataset[0]
    hook.before_val(runner)
    assert runner.val_dataloader.dataset.skipped.sum() == 1
    assert runner.val_dataloader.dataset[1]['inputs'] is None
    hook.before_train_epoch(runner)
    assert runner.train_dataloader.dataset.skipped.sum() == 2
    lines = (tmp_path / 'skipped_videos.txt').read_text().splitlines()
    assert [line.split('\t')[0] for line in lines] == [
        f'{folder}/bad{index}.mp4' for index in (0, 1)]


def test_a_test_names_its_own(folder, tmp_path):
    hook = SkippedVideosHook()
    runner = runner_of(tmp_path, None, loader_of(folder, test_mode=True))
    hook.before_test(runner)
    for index in range(10):
        runner.test_dataloader.dataset[index]
    assert runner.test_dataloader.dataset.skipped.sum() == 2
    hook.after_test(runner)
    lines = (tmp_path / 'run' / 'skipped_videos.txt').read_text()
    assert lines.count('\n') == 2


def test_other_data_sets_are_left_alone(tmp_path):
    hook = SkippedVideosHook()
    runner = runner_of(tmp_path, SimpleNamespace(dataset=[1, 2]))
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    hook.after_train(runner)


def _on_one_of_two_ranks(rank, rendezvous, folder, work_dir):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    init_default_scope('mmaction')
    hook = SkippedVideosHook(max_share=0.1)
    runner = runner_of(work_dir, loader_of(folder))
    hook.before_train(runner)
    torch.distributed.barrier()
    if rank == 0:
        runner.train_dataloader.dataset[0]
        hook.after_train_iter(runner, 0)  # one of ten: it goes on
    torch.distributed.barrier()
    if rank == 1:
        runner.train_dataloader.dataset[1]
    # The first rank knows of one only.
    with pytest.raises(InputError, match='2 of the 10'):
        hook.after_train_epoch(runner)
    torch.distributed.destroy_process_group()


def test_two_ranks_add_up(folder, tmp_path):
    spawn(
        _on_one_of_two_ranks,
        args=(str(tmp_path / 'rendezvous'), folder, str(tmp_path)), nprocs=2)
    assert (tmp_path / 'skipped_videos.txt').read_text().count('\n') == 2
