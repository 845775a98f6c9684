"""What is refused before a run writes anything."""
import os
import shutil

import pytest
import torch
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import build_runner, check_resume, checks

from ..engine.test_loops import Stop, pretraining, train


@pytest.fixture(scope='module')
def stopped(videos, tmp_path_factory):
    """iter_2.pth and iter_4.pth."""
    folder = tmp_path_factory.mktemp('stopped')
    train(pretraining(videos, folder, val_cfg=None, val_dataloader=None,
                      val_evaluator=None), Stop(5))
    return folder


@pytest.fixture
def cfg(videos, stopped, tmp_path):
    """A config that resumes automatically in a copy of that folder."""
    for path in stopped.glob('*.pth'):
        shutil.copy2(path, tmp_path)
    cfg = pretraining(videos, tmp_path)
    cfg.resume = True
    point_to(tmp_path / 'iter_4.pth')
    return cfg


def point_to(path):
    (path.parent / 'last_checkpoint').write_text(str(path))


def change(path, **parts):
    content = torch.load(path, weights_only=False)
    for key, value in parts.items():
        content[key] = value
        if value is None:
            del content[key]
    torch.save(content, path)


def refused(cfg, *parts, offer='iter_2.pth'):
    before = sorted(os.listdir(cfg.work_dir))
    with pytest.raises(InputError) as error:
        check_resume(cfg)
    sentence = str(error.value)
    assert '\n' not in sentence
    for part in [f'cannot resume from {cfg.work_dir}', *parts]:
        assert part in sentence, sentence
    if offer:
        assert f'--resume {cfg.work_dir}/{offer}' in sentence
    else:
        assert 'start without --resume' in sentence
    assert sorted(os.listdir(cfg.work_dir)) == before


def test_a_good_one_is_not(cfg):
    check_resume(cfg)
    cfg.load_from = f'{cfg.work_dir}/iter_2.pth'
    check_resume(cfg)
    os.remove(f'{cfg.work_dir}/last_checkpoint')
    cfg.load_from = None
    check_resume(cfg)  # nothing to resume from: the run starts


@pytest.mark.parametrize('keep', [0, 100, .5])
@pytest.mark.parametrize('auto', [True, False])
def test_a_torn_or_empty_file(auto, keep, cfg, tmp_path):
    path = tmp_path / 'iter_4.pth'
    data = path.read_bytes()
    path.write_bytes(data[:int(keep if keep > 1 else keep * len(data))])
    cfg.load_from = None if auto else str(path)
    refused(cfg, 'iter_4.pth is not a whole checkpoint')


def test_a_missing_file(cfg, tmp_path):
    point_to(tmp_path / 'iter_99.pth')
    refused(cfg, 'no such file', offer='iter_4.pth')


def test_the_one_offered_is_whole(cfg, tmp_path):
    for path in tmp_path.glob('*.pth'):
        path.write_bytes(b'torn')
    refused(cfg, offer=None)


@pytest.mark.parametrize('parts, expected', [
    (dict(optimizer=None), 'no optimizer'),
    (dict(param_schedulers=None, message_hub=None),
     'no message_hub and no param_schedulers'),
    (dict(meta=dict(seed=3)), 'no epoch and no iter'),
])
def test_one_that_no_run_can_go_on_from(parts, expected, cfg, tmp_path):
    change(tmp_path / 'iter_4.pth', **parts)
    refused(cfg, expected)


def test_a_file_of_something_else(cfg, tmp_path):
    torch.save([1, 2], tmp_path / 'iter_4.pth')
    refused(cfg, 'no meta')


@pytest.mark.parametrize('option, expected', [
    ({'model.backbone.base_channels': 4}, 'another encoder'),
    ({'model.acp_head.hidden_channels': 9}, 'another model'),
    ({'model.memory_bank.size': 31}, 'model.memory_bank.size=32'),
    ({'model.backbone.type': 'R2Plus1D'}, 'another encoder'),
])
def test_one_of_another_config(option, expected, cfg, videos, tmp_path):
    other = pretraining(videos, tmp_path, **option)
    other.resume = True
    refused(other, expected, offer=None)


def test_one_with_another_optimiser(cfg, tmp_path):
    change(tmp_path / 'iter_4.pth',
           optimizer=dict(state={}, param_groups=[dict(params=[0])]))
    refused(cfg, 'another model or optimiser')


@pytest.mark.parametrize('options, refused', [
    (dict(compile=True), True), (dict(compile=dict(mode='default')), True),
    (dict(compile=False), False), (dict(), False),
    (dict(compile=True, optim_wrapper=dict(type='OptimWrapper')), False)])
def test_bfloat16_is_not_compiled_on_a_cpu(options, refused, monkeypatch):
    monkeypatch.setattr(checks, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(checks, 'computes_in_bfloat16', lambda device: True)
    cfg = Config({'optim_wrapper': dict(type='BFloat16OptimWrapper'),
                  **options})
    if refused:
        with pytest.raises(InputError, match='optim_wrapper.type=OptimWrap'):
            checks.check_compile(cfg)
    else:
        checks.check_compile(cfg)
    monkeypatch.setattr(checks, 'get_device', lambda: 'cuda')
    checks.check_compile(cfg)


@pytest.mark.parametrize('key, kind', [
    ('model_wrapper_cfg', 'MMFullyShardedDataParallel'),
    ('strategy', 'FSDPStrategy'), ('strategy', 'DeepSpeedStrategy'),
    ('strategy', 'ColossalAIStrategy')])
def test_sharding_is_refused_before_anything_is_written(key, kind, tmp_path):
    cfg = Config({key: dict(type=kind), 'work_dir': str(tmp_path / 'work')})
    with pytest.raises(InputError, match=f'{kind} shares the weights out'):
        build_runner(cfg, ('train', ))
    assert not (tmp_path / 'work').exists()


def test_a_moved_work_folder_is_searched_for_another(cfg, tmp_path):
    point_to(tmp_path / 'iter_4.pth')
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/iter_4.pth')
    with pytest.raises(InputError, match=f'--resume {tmp_path}/iter_4.pth'):
        check_resume(cfg)


def test_meta_of_another_kind(cfg, tmp_path):
    change(tmp_path / 'iter_4.pth', meta=[1], state_dict=torch.ones(2))
    refused(cfg)
