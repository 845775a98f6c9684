"""Data sets that are refused before a run writes anything."""
import shutil

import pytest
from mmaction.datasets.transforms import CenterCrop, Resize
from mmengine.logging import MMLogger

import ascnet_mm.benchmarking.processes  # noqa: F401
from ascnet_mm import InputError
from ascnet_mm.apis import build_runner, check_data
from ascnet_mm.apis.checks import data

from ...engine.reliability.test_loops import finetuning, pretraining, train


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


def test_a_part_of_an_epoch_has_no_batch_of_one(videos, tmp_path):
    cfg = loaded(videos, tmp_path, 9, 4)
    cfg.train_dataloader.num_batch_per_epoch = 2
    check_data(cfg, ('train', ))


def test_a_batch_of_one_is_refused_where_it_fails_alone(
        videos, tmp_path, monkeypatch):
    # SyncBN sees the batches of all ranks.
    cfg = ranked(loaded(videos, tmp_path, 9, 1), 2, monkeypatch)
    monkeypatch.setattr(data, 'get_device', lambda: 'cuda')
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


@pytest.mark.parametrize('phase', ['val', 'test'])
def test_a_line_without_a_label_is_named_before_the_first_video(
        phase, videos, tmp_path):
    """Where a metric needs it; not where features alone are written."""
    cfg = listed(videos, tmp_path)
    cfg.model.pop('cls_head')
    lines = (tmp_path / 'lists/test.txt').read_text().split('\n')
    lines[2] = lines[2].split()[0]
    (tmp_path / 'lists/test.txt').write_text('\n'.join(lines))
    cfg[f'{phase}_evaluator'] = dict(type='FeatureFile', path='x.npz')
    check_data(cfg, (phase, ))
    retrieval = dict(type='VideoRetrievalMetric')
    for evaluator in (retrieval, [retrieval], dict(metrics=[retrieval])):
        cfg[f'{phase}_evaluator'] = evaluator
        with pytest.raises(
                InputError, match='lists/test.txt: .*mp4 has no label'):
            check_data(cfg, (phase, ))


def test_a_data_set_that_wraps_another_is_named(videos, tmp_path):
    cfg = listed(videos, tmp_path)
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset', times=2, dataset=cfg.train_dataloader.dataset)
    check_data(cfg, ('train', ))
    with pytest.raises(InputError, match='a RepeatDataset gives its videos'):
        train(cfg)


@pytest.mark.parametrize('scale, keep_ratio, crop, expected', [
    (0.5, True, 64, None), ((-1, 128), True, (171, 128), None),
    ((171, 128), False, 112, None), ((86, 64), False, 112, 'does not fit'),
    ((-1, 64), True, 112, 'does not fit'), ((64, ), False, 8, 'a width and'),
    (('a', 'b'), False, 8, 'a width and')])
def test_crops_that_cannot_fit_are_refused(scale, keep_ratio, crop, expected):
    resize = Resize(scale=(8, 8), keep_ratio=keep_ratio)
    resize.scale = Resize(scale=scale).scale if scale in (
        0.5, (-1, 128), (-1, 64)) else scale
    steps = [resize, CenterCrop(crop)]
    if expected is None:
        data._check_crops('test', steps)
    else:
        with pytest.raises(InputError, match=expected):
            data._check_crops('test', steps)
