"""What is refused before a run writes anything."""
import os
import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

import ascnet_mm.benchmarking.processes  # noqa: F401
from ascnet_mm import InputError
from ascnet_mm.apis import (
    build_runner,
    check_data,
    check_resume,
    checks,
    read_config,
)

from ..engine.reliability.test_loops import (
    Stop,
    finetuning,
    pretraining,
    train,
)


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


# ------------------------------------------------------- batches and ranks


def loaded(videos, tmp_path, count, batch, drop_last=False, **options):
    cfg = pretraining(
        videos, tmp_path / 'work', **{
            'train_dataloader.dataset.indices': count,
            'batch_size': batch, 'train_dataloader.drop_last': drop_last,
            **options})  # yapf: disable
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    return cfg


def ranked(cfg, ranks, monkeypatch):
    cfg.launcher = 'pytorch'
    monkeypatch.setenv('WORLD_SIZE', str(ranks))
    return cfg


@pytest.mark.parametrize('count, batch, ranks, drop_last, parts', [
    (16, 1, 1, True, ['batch of one', '2 or more']),
    (9, 4, 1, False, ['9 videos', 'one is left over', 'drop_last=True']),
    (1, 4, 1, False, ['one is left over']),
    (9, 4, 1, True, []), (8, 4, 1, False, []), (10, 4, 1, False, []),
    # 17 on 2 ranks are 9 for each
    (17, 4, 2, False, ['17 videos, 9 for each of 2 ranks', 'left over']),
    (9, 4, 2, False, ['5 for each']), (11, 4, 2, False, []),
    (9, 4, 2, True, []), (16, 1, 2, True, ['batch of one']),
])
def test_no_batch_of_one_is_trained_on(count, batch, ranks, drop_last, parts,
                                       videos, tmp_path, monkeypatch):
    cfg = ranked(loaded(videos, tmp_path, count, batch, drop_last), ranks,
                 monkeypatch)
    if not parts:
        check_data(cfg, ('train', ))
        return
    with pytest.raises(InputError) as error:
        build_runner(cfg, ('train', 'val'))
    assert all(part in str(error.value) for part in parts), error.value
    assert not (tmp_path / 'work').exists()


def test_a_batch_of_one_is_no_fault_without_batch_statistics(
        videos, tmp_path):
    cfg = loaded(videos, tmp_path, 9, 4)
    cfg.model.type = 'GroupNormASCNet'
    check_data(cfg, ('train', ))


def test_a_batch_of_one_is_refused_where_it_fails_alone(
        videos, tmp_path, monkeypatch):
    # SyncBN sees the batches of all ranks.
    cfg = ranked(loaded(videos, tmp_path, 9, 1), 2, monkeypatch)
    monkeypatch.setattr(checks, 'get_device', lambda: 'cuda')
    check_data(cfg, ('train', ))
    with pytest.raises(InputError, match='batch of one'):
        check_data(ranked(cfg, 1, monkeypatch), ('train', ))
    cfg.sync_bn = None
    with pytest.raises(InputError, match='batch of one'):
        check_data(ranked(cfg, 2, monkeypatch), ('train', ))
    # Pace has no BatchNorm behind the encoder.
    cfg.model = dict(
        type='Pace', backbone=cfg.model.backbone,
        pace_head=dict(type='PaceHead', in_channels=16))
    check_data(cfg, ('train', ))


@pytest.mark.parametrize('options', [
    {'batch_size': 1}, {'train_dataloader.dataset.indices': 5,
                        'train_dataloader.drop_last': False}])
def test_fine_tuning_takes_a_batch_of_one(options, videos, tmp_path):
    cfg = finetuning(videos, tmp_path, **{'scale': (40, 40), **options})
    cfg.train_cfg.max_epochs = 1
    train(cfg)


@pytest.mark.parametrize('count, batch, ranks, parts', [
    (2, 2, 2, ['2 videos, 1 for each of 2 ranks', 'or take fewer ranks']),
    (6, 4, 2, ['6 videos, 3 for each of 2 ranks', 'batch_size to 3 or less']),
    (6, 3, 2, []), (5, 3, 2, []),
])
def test_a_batch_is_filled_on_every_rank(count, batch, ranks, parts, videos,
                                         tmp_path, monkeypatch):
    cfg = ranked(loaded(videos, tmp_path, count, batch, True), ranks,
                 monkeypatch)
    if not parts:
        check_data(cfg, ('train', ))
        return
    with pytest.raises(InputError) as error:
        check_data(cfg, ('train', ))
    assert all(part in str(error.value) for part in parts), error.value
    assert 'batch_size to 1 ' not in str(error.value)
    monkeypatch.setenv('SLURM_NTASKS', '2')
    monkeypatch.setenv('WORLD_SIZE', '1')
    cfg.launcher = 'slurm'
    with pytest.raises(InputError, match='of 2 ranks'):
        check_data(cfg, ('train', ))


# ------------------------------------------------------------- lists, logs


def listed(videos, tmp_path, **options):
    """A fine-tuning whose lists lie in a folder of their own."""
    lists = tmp_path / 'lists'
    lists.mkdir()
    for part in ('train', 'test'):
        shutil.copy(f'{videos}/{part}.txt', lists)
    cfg = finetuning(videos, tmp_path / 'work', **options)
    for name, part in (('train', 'train'), ('val', 'test'), ('test', 'test')):
        cfg[f'{name}_dataloader'].dataset.ann_file = f'{lists}/{part}.txt'
    return cfg


@pytest.mark.parametrize('phase', ['train', 'val', 'test'])
def test_lists_whose_paths_lead_nowhere_end_a_run_at_once(
        phase, videos, tmp_path):
    cfg = listed(videos, tmp_path)
    check_data(cfg, ('train', 'val', 'test'))
    cfg[f'{phase}_dataloader'].dataset.data_prefix.video = 'vids'
    with pytest.raises(InputError, match='vids/.*mp4 is not there, nor is any '
                       r".* set data_prefix=dict\(video='videos'\)"):
        build_runner(cfg, ('train', 'val', 'test'))
    assert not (tmp_path / 'work').exists()


def test_what_data_sets_warn_of_is_in_the_log_of_the_run_once(
        videos, tmp_path):
    folder = tmp_path / 'videos'
    shutil.copytree(f'{videos}/videos', folder)
    (folder / 'notes.txt').touch()
    cfg = pretraining(folder.parent, tmp_path / 'work')
    cfg.log_level = 'WARNING'
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    before = tmp_path / 'x.log'
    MMLogger.get_instance(str(before), log_file=str(before))
    check_data(cfg, ('train', 'val'))
    assert before.read_text() == ''
    train(cfg)
    assert before.read_text() == ''
    [log] = (tmp_path / 'work').glob('*/*.log')
    assert log.read_text().count('1 other file (1 .txt)') == 1


def test_a_concatenation_of_lists_is_looked_at(videos, tmp_path):
    cfg = listed(videos, tmp_path)
    one = cfg.train_dataloader.dataset.to_dict()
    other = dict(one, data_prefix=dict(video='vids'))
    cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[one, other])
    with pytest.raises(InputError, match='is not there'):
        check_data(cfg, ('train', ))


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


@pytest.mark.parametrize('best', [
    'auto', 'same_video/top1', ['speed_probe/accuracy', 'same_video/top1']])
def test_the_best_by_what_is_measured_may_be_kept(best, videos, tmp_path):
    checks.check_best(pretraining(
        videos, tmp_path, **{'default_hooks.checkpoint.save_best': best}))


@pytest.mark.parametrize('scale, keep_ratio, crop, expected', [
    (0.5, True, 64, None), ((-1, 128), True, (171, 128), None),
    ((171, 128), False, 112, None), ((86, 64), False, 112, 'does not fit'),
    ((-1, 64), True, 112, 'does not fit'), ((64, ), False, 8, 'a width and'),
    (('a', 'b'), False, 8, 'a width and')])
def test_crops_that_cannot_fit_are_refused(scale, keep_ratio, crop, expected):
    resize = checks.Resize(scale=(8, 8), keep_ratio=keep_ratio)
    resize.scale = checks.Resize(scale=scale).scale if scale in (
        0.5, (-1, 128), (-1, 64)) else scale
    steps = [resize, checks.CenterCrop(crop)]
    if expected is None:
        checks._check_crops('test', steps)
    else:
        with pytest.raises(InputError, match=expected):
            checks._check_crops('test', steps)


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
        checks.check_modalities(cfg)
    cfg.resume, cfg.work_dir = True, str(tmp_path / 'empty')
    with pytest.raises(InputError, match='exchange'):
        checks.check_modalities(cfg)  # it begins anew
    cfg.load_from = 'epoch_1.pth'  # it has all weights
    checks.check_modalities(cfg)
    cfg.resume = False
    trained_on(data_root=right)
    checks.check_modalities(cfg)
    trained_on(data_root='data/kinetics400')
    checks.check_modalities(cfg)
    trained_on(ann_file='train.txt')
    checks.check_modalities(cfg)
    torch.save(dict(state_dict={}), checkpoint)
    checks.check_modalities(cfg)


def test_the_modalities_are_checked_before_training(monkeypatch):
    def refuse(cfg):
        raise InputError('exchanged')

    monkeypatch.setattr('ascnet_mm.apis.cli.check_modalities', refuse)
    cfg = read_config('ascnet_mm::ascnet/baselines/r18_ucf101_coclr.py', {})
    with pytest.raises(InputError, match='exchanged'):
        build_runner(cfg, ['train'])
