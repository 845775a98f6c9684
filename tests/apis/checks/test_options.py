"""Options that are refused before a run writes anything."""
import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import build_runner
from ascnet_mm.apis.checks import check_best, check_compile, check_loop

from ...engine.reliability.test_loops import pretraining

OPTIONS = 'ascnet_mm.apis.checks.options'


@pytest.mark.parametrize('options, refused', [
    (dict(compile=True), True), (dict(compile=dict(mode='default')), True),
    (dict(compile=False), False), (dict(), False),
    (dict(compile=True, optim_wrapper=dict(type='OptimWrapper')), False)])
def test_bfloat16_is_not_compiled_on_a_cpu(options, refused, monkeypatch):
    monkeypatch.setattr(f'{OPTIONS}.get_device', lambda: 'cpu')
    monkeypatch.setattr(f'{OPTIONS}.computes_in_bfloat16', lambda device: True)
    cfg = Config({'optim_wrapper': dict(type='BFloat16OptimWrapper'),
                  **options})
    if refused:
        with pytest.raises(InputError, match='optim_wrapper.type=OptimWrap'):
            check_compile(cfg)
    else:
        check_compile(cfg)
    monkeypatch.setattr(f'{OPTIONS}.get_device', lambda: 'cuda')
    check_compile(cfg)


@pytest.mark.parametrize('key, kind', [
    ('model_wrapper_cfg', 'MMFullyShardedDataParallel'),
    ('strategy', 'FSDPStrategy'), ('strategy', 'DeepSpeedStrategy'),
    ('strategy', 'ColossalAIStrategy')])
def test_sharding_is_refused_before_anything_is_written(key, kind, tmp_path):
    cfg = Config({key: dict(type=kind), 'work_dir': str(tmp_path / 'work')})
    with pytest.raises(InputError, match=f'{kind} shares the weights out'):
        build_runner(cfg, ('train', ))
    assert not (tmp_path / 'work').exists()


@pytest.mark.parametrize('options, expected', [
    ({'batch_size': 0}, 'batch_size is a whole number'),
    ({'batch_size': 4.0}, '1 or more, not 4.0'),
    ({'train_cfg.max_epochs': 0}, 'max_epochs is a whole number'),
    ({'train_dataloader.num_workers': -1}, 'num_workers is a whole number'),
    ({'train_dataloader.prefetch_factor': 2}, 'num_workers is 0: leave'),
    ({'train_cfg.val_interval': 0}, 'val_interval is a whole number'),
    ({'optim_wrapper.accumulative_counts': 0}, 'accumulative_counts is a'),
    ({'default_hooks.logger.interval': 0}, 'logger.interval is a whole'),
    ({'default_hooks.checkpoint.save_best': 'acc/top1'},
     r'save_best=acc/top1: .* but same_video/\.\.\., speed_probe/'),
    ({}, 'no folder; choose another --work-dir')])
def test_numbers_that_make_no_sense_are_refused_at_once(
        options, expected, videos, tmp_path):
    file = tmp_path / 'file'
    file.write_text('')
    cfg = pretraining(videos, tmp_path / 'work', **options)
    if not options:
        cfg.work_dir = f'{file}/runs/x'
    with pytest.raises(InputError, match=expected):
        build_runner(cfg, ('train', 'val'))
    assert not (tmp_path / 'work').exists()


@pytest.mark.parametrize('loop', [
    dict(type='IterBasedTrainLoop', max_iters=4),
    dict(by_epoch=False, max_iters=4)])
def test_a_loop_without_epochs_is_refused_at_once(loop, videos, tmp_path):
    cfg = pretraining(videos, tmp_path / 'work')
    cfg.train_cfg = loop
    with pytest.raises(InputError, match='IterBasedTrainLoop counts no epoch'):
        build_runner(cfg, ('train', 'val'))
    assert not (tmp_path / 'work').exists()
    del cfg.default_hooks.sample_seed
    check_loop(cfg)  # of a config that draws its clips in another way


@pytest.mark.parametrize('best', [
    'auto', 'same_video/top1', ['speed_probe/accuracy', 'same_video/top1']])
def test_the_best_by_what_is_measured_may_be_kept(best, videos, tmp_path):
    check_best(pretraining(
        videos, tmp_path, **{'default_hooks.checkpoint.save_best': best}))
