"""Checkpoints that a run is not to start from."""
import os
import shutil

import pytest
import torch

import ascnet_mm.benchmarking.processes  # noqa: F401
from ascnet_mm import InputError
from ascnet_mm.apis import build_runner, check_resume, read_config
from ascnet_mm.apis.checks import check_modalities

from ...engine.reliability.test_loops import Stop, pretraining, train


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
    # As of a folder that was copied in part
    with pytest.raises(InputError, match='no last_checkpoint .*'
                       f'--resume {cfg.work_dir}/iter_4.pth'):
        check_resume(cfg)
    for name in ('iter_2.pth', 'iter_4.pth'):
        with open(f'{cfg.work_dir}/{name}', 'wb') as file:
            file.write(b'no checkpoint')
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


def test_one_with_another_optimizer(cfg, tmp_path):
    change(tmp_path / 'iter_4.pth',
           optimizer=dict(state={}, param_groups=[dict(params=[0])]))
    refused(cfg, 'another model or optimizer')


def test_a_moved_work_folder_is_searched_for_another(cfg, tmp_path):
    point_to(tmp_path / 'iter_4.pth')
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/iter_4.pth')
    with pytest.raises(InputError, match=f'--resume {tmp_path}/iter_4.pth'):
        check_resume(cfg)


def test_meta_of_another_kind(cfg, tmp_path):
    change(tmp_path / 'iter_4.pth', meta=[1], state_dict=torch.ones(2))
    refused(cfg)


@pytest.mark.parametrize('name, folders', [
    ('coclr', ('data/ucf101', 'data/ucf101_flow')),
    ('coclr_flow', ('data/ucf101_flow', 'data/ucf101')),
])
@pytest.mark.parametrize('option', ['online_from', 'positives_from'])
def test_checkpoints_of_rgb_and_flow_that_are_exchanged_are_refused(
        name, folders, option, tmp_path):
    """By the folder of their videos, where they name one."""
    if option == 'positives_from':
        folders = folders[::-1]
    right, wrong = folders
    checkpoint = str(tmp_path / 'infonce.pth')
    cfg = read_config(f'ascnet_mm::ascnet/baselines/r18_ucf101_{name}.py',
                      {f'model.{option}': checkpoint})

    def trained_on(**dataset):
        settings = dict(train_dataloader=dict(dataset=dataset))
        torch.save(dict(meta=dict(settings=settings), state_dict={}),
                   checkpoint)

    trained_on(data_root=f'{wrong}/')
    with pytest.raises(InputError, match=f'model.{option}={checkpoint} was '
                       f'trained on the videos in {wrong}/, and .* in '
                       f'{right}: exchange'):
        check_modalities(cfg)
    cfg.resume, cfg.work_dir = True, str(tmp_path / 'empty')
    with pytest.raises(InputError, match='exchange'):
        check_modalities(cfg)  # it begins anew
    cfg.load_from = 'epoch_1.pth'  # it has all weights
    check_modalities(cfg)
    cfg.resume = False
    trained_on(data_root=right)
    check_modalities(cfg)
    trained_on(data_root='data/kinetics400')
    check_modalities(cfg)
    trained_on(ann_file='train.txt')
    check_modalities(cfg)
    torch.save(dict(state_dict={}), checkpoint)
    check_modalities(cfg)


def test_the_modalities_are_checked_before_training(monkeypatch):
    def refuse(cfg):
        raise InputError('exchanged')

    monkeypatch.setattr('ascnet_mm.apis.cli.check_modalities', refuse)
    cfg = read_config('ascnet_mm::ascnet/baselines/r18_ucf101_coclr.py', {})
    with pytest.raises(InputError, match='exchanged'):
        build_runner(cfg, ['train'])
