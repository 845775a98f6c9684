import shutil

import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.experiments.jobs import list_file

from ..conftest import ROOT
from .planning import (
    EXPERIMENT,
    LINES,
    changed,
    jobs_of,
    planned,
)


def test_budgets_are_equal_in_encoder_passes(plan):
    """48 videos, batches of 8: 2 epochs of 4 passes, or 1 epoch of 8."""
    untrained, reference, both, _ = plan[2]
    assert untrained.epochs == untrained.samples == 0
    assert reference.epochs == 2 and reference.samples == 96
    assert reference.passes == dict(forward=2, backward=1)
    assert both.epochs == 1 and both.samples == 48
    assert both.passes == dict(forward=4, backward=2)
    assert both.cfg.train_cfg.max_epochs == 1


def test_the_test_videos_do_not_pre_train(videos, plan, tmp_path):
    _, found, _, evaluations = plan
    for name, paths in (('train', found.pretrain), ('test', found.kept_out)):
        with open(f'{videos}/{name}.txt') as file:
            assert set(paths) == {line.split()[0] for line in file}
    assert [part.queries for part in evaluations] == [16, 16]
    # 6 of 48 gallery videos are of the query's class.
    assert evaluations[0].chance == {
        'vcop/retrieval/top1': pytest.approx(12.5)
    }
    measures = dict.fromkeys([
        'vcop/centered_retrieval/top1', 'vcop/whitened_retrieval/top1',
        'vcop/knn/top1_k20'
    ], '')
    path = changed(tmp_path, measures=measures)
    assert planned(videos, path)[3][0].chance == {
        'vcop/centered_retrieval/top1': pytest.approx(12.5),
        'vcop/whitened_retrieval/top1': pytest.approx(12.5)
    }
    training = next(
        job for job in jobs_of(plan, tmp_path) if job.kind == 'pretrain')
    dataset = training.cfg.train_dataloader.dataset
    assert dataset.ann_file == list_file(str(tmp_path), found.pretrain)


def test_a_link_to_a_test_video_does_not_pre_train(videos, tmp_path):
    root = tmp_path / 'set'
    shutil.copytree(videos, root)
    plain = planned(str(root))[1]
    links = root / 'videos' / 'again'
    links.mkdir()
    (links / 'test.mp4').symlink_to(root / 'videos' / plain.kept_out[0])
    (links / 'train.mp4').symlink_to(root / 'videos' / plain.pretrain[0])
    found = planned(str(root))[1]
    assert found.kept_out == plain.kept_out
    assert found.pretrain == sorted([*plain.pretrain, 'again/train.mp4'])


def test_a_part_of_the_folder_can_pre_train(videos, plan, tmp_path):
    part = planned(videos, changed(tmp_path, trained_on='^striped|/0001'))[1]
    assert part.kept_out == plan[1].kept_out
    assert part.pretrain == [
        path for path in plan[1].pretrain
        if path.startswith('striped') or '/0001' in path
    ]
    assert 0 < len(part.pretrain) < 48
    with pytest.raises(InputError, match="or not like 'none'"):
        planned(videos, changed(tmp_path, trained_on='none'))


def test_a_method_can_train_on_other_videos(videos, plan, tmp_path):
    """Its epochs are as many as give it the passes of the others."""
    methods = Config.fromfile(EXPERIMENT).methods[:1]
    methods += [dict(methods[0], name='fewer', trained_on='^striped|/0001')]
    found = planned(videos, changed(tmp_path, methods=methods))
    assert found[1].pretrain == plan[1].pretrain
    fewer = [path for path in found[1].pretrain
             if path.startswith('striped') or '/0001' in path]
    assert found[1].selected == {'^striped|/0001': fewer}
    _, reference, method = found[2]
    per_epoch = len(fewer) // 8 * 8
    assert (method.epochs, method.samples) == (
        round(96 / per_epoch), round(96 / per_epoch) * per_epoch)
    assert method.epochs > reference.epochs
    jobs = {job.method: job for job in jobs_of(found, tmp_path)
            if job.kind == 'pretrain'}
    dataset = jobs['fewer'].cfg.train_dataloader.dataset
    assert dataset.ann_file == list_file(str(tmp_path), fewer)
    assert jobs['fewer'].path != jobs['ASCNet'].path

    # The empty pattern: all videos but those kept out
    methods[1]['trained_on'] = ''
    path = changed(tmp_path, methods=methods, trained_on='^striped')
    everything = planned(videos, path)[1]
    assert everything.selected == {'': plan[1].pretrain}
    assert len(everything.pretrain) < len(plan[1].pretrain)
    methods[1]['trained_on'] = 'none'
    with pytest.raises(InputError, match="or not like 'none'"):
        planned(videos, changed(tmp_path, methods=methods))


def test_exchanged_lists_are_refused(videos, tmp_path):
    """Training videos as queries: the gallery pre-trained on them."""
    parts = Config.fromfile(EXPERIMENT).evaluations
    names = 'test_dataloader.dataset.ann_file.{}'.format
    options = parts[0].options
    options[names('gallery')], options[names('query')] = (
        options[names('query')], options[names('gallery')])
    with pytest.raises(InputError, match='gallery and query are exchanged'):
        planned(videos, changed(tmp_path, evaluations=parts))


def test_a_query_that_would_find_itself_is_refused(videos, tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    names = 'test_dataloader.dataset.ann_file.{}'.format
    options = parts[0].options
    options[names('gallery')] = options[names('query')]
    with pytest.raises(InputError, match='it finds itself'):
        planned(videos, changed(tmp_path, evaluations=parts))


@pytest.mark.parametrize(
    'prefix', ['configs/', 'ascnet_mm::', f'{ROOT}/configs/'])
def test_configs_are_found_from_any_folder(
        videos, plan, tmp_path, monkeypatch, prefix):
    methods = Config.fromfile(EXPERIMENT).methods
    for part in methods:
        part.config = part.config.replace('configs/', prefix)
    path = changed(tmp_path, methods=methods)
    monkeypatch.chdir(tmp_path)
    for found, expected in zip(planned(videos, path)[2], plan[2]):
        assert found.cfg.to_dict() == expected.cfg.to_dict()


def test_budgets_are_steps_of_the_first_method(videos, tmp_path):
    """48 videos in batches of 8: 6 steps an epoch, 3 of batches of 16."""
    methods = Config.fromfile(EXPERIMENT).methods
    methods[2] = dict(methods[0], name='batch 16', options=dict(batch_size=16))
    methods += [dict(methods[0], name='3 epochs', epochs=3),
                dict(methods[1], name='11 steps', steps=11)]
    path = changed(
        tmp_path, epochs=None, budgets=(40, 13), methods=methods)
    found = [(method.name, method.budget, method.epochs, method.samples)
             for method in planned(videos, path)[2]]
    assert found == [
        ('untrained', None, 0, 0), ('ASCNet', 13, 2, 96),
        ('both ways', 13, 1, 48), ('batch 16', 13, 2, 96),
        ('ASCNet', 40, 7, 336), ('both ways', 40, 4, 192),
        ('batch 16', 40, 7, 336), ('3 epochs', None, 3, 144),
        ('11 steps', None, 2, 96)
    ]  # yapf: disable
    jobs = jobs_of(planned(videos, path), tmp_path)
    trained = [job for job in jobs if job.kind == 'pretrain']
    assert len({job.path for job in jobs}) == len(jobs)
    assert [(job.method, job.seed) for job in trained][:4] == [
        ('ASCNet, 13 steps', 0), ('both ways, 13 steps', 0),
        ('batch 16, 13 steps', 0), ('ASCNet, 13 steps', 1)
    ]  # yapf: disable
    assert trained[0].checkpoint.endswith('epoch_2.pth')


@pytest.mark.parametrize('parts, words', [
    (dict(budgets=(3, 12)), '3 steps are not near a whole number of epochs, '
     'of 6 steps each: name 6$'),
    (dict(budgets=(9, )), '9 steps are not near .*: name 12$'),
    (dict(budgets=(11, 12)), 'ASCNet, 11 steps and ASCNet, 12 steps are the'),
])
def test_budgets_are_not_rounded_to_others(videos, tmp_path, parts, words):
    path = changed(tmp_path, epochs=None,
                   methods=Config.fromfile(EXPERIMENT).methods[:1], **parts)
    with pytest.raises(InputError, match=words):
        jobs_of(planned(videos, path), tmp_path)


def test_two_names_of_one_training_are_refused(videos, tmp_path):
    methods = Config.fromfile(EXPERIMENT).methods[:2]
    methods[1].options = {}
    with pytest.raises(InputError, match='ASCNet and both ways are the same'):
        jobs_of(planned(videos, changed(tmp_path, methods=methods)), tmp_path)


def test_an_untrained_network_that_cannot_be_built_is_refused(
        videos, tmp_path):
    methods = Config.fromfile(EXPERIMENT).methods[:1]
    methods += [dict(methods[0], name='depth 17', epochs=0,
                     encoder={'model.backbone.depth': 17})]
    with pytest.raises(KeyError, match='invalid depth 17'):
        planned(videos, changed(tmp_path, methods=methods))


def test_an_evaluation_has_something_to_test(videos, tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[1].update(config='configs/ascnet/r18_folder.py', options={})
    with pytest.raises(InputError, match='gauges: .* has no test_dataloader'):
        planned(videos, changed(tmp_path, evaluations=parts))


@pytest.mark.parametrize('groups, pattern, refused', [
    (r'\w+(?=/\d)', r'\w+(?=/\d)', False), (r'^\w+', r'^\w+', True),
    (None, r'\w+(?=/\d)', True)])
def test_folds_and_intervals_have_the_same_groups(
        videos, tmp_path, groups, pattern, refused):
    """A probe matches whole paths: ^ is the root of the machine there."""
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[1].options['test_evaluator.1.groups'] = pattern
    path = changed(tmp_path, evaluations=parts, groups=groups)
    if refused:
        with pytest.raises(InputError, match='gauges: .*makes other groups'):
            planned(videos, path)
    else:
        planned(videos, path)


def test_a_method_can_be_left_out_of_larger_budgets(videos, tmp_path):
    methods = Config.fromfile(EXPERIMENT).methods[:2]
    methods[1].up_to = 13
    path = changed(tmp_path, epochs=None, budgets=(40, 13), methods=methods)
    plan = planned(videos, path)
    assert [(method.name, method.budget) for method in plan[2]] == [
        ('untrained', None), ('ASCNet', 13), ('both ways', 13), ('ASCNet', 40)
    ]  # yapf: disable
    both = {job.method for job in jobs_of(plan, tmp_path)
            if job.method.startswith('both')}
    assert both == {'both ways, 13 steps'}


def test_a_supervised_row_sees_no_video_that_is_kept_out(videos, tmp_path):
    """One in six of the training list is held out."""
    kept_out = ['test.txt', dict(ann_file='train.txt', matching='0000.mp4$')]
    plan = planned(videos, changed(tmp_path, kept_out=kept_out, **LINES))
    untrained, trained, supervised, wide = plan[2]
    assert supervised.passes == dict(forward=1, backward=1)
    assert trained.passes == dict(forward=2, backward=1)
    assert (trained.samples, supervised.samples) == (80, 120)
    jobs = {job.method: job for job in jobs_of(plan, tmp_path)
            if job.kind in ('pretrain', 'untrained')}
    held_out = len(plan[1].kept_out) - 16
    lines = plan[1].labeled['train.txt']
    assert held_out and len(lines) == len(plan[1].pretrain) == 48 - held_out
    dataset = jobs['supervised'].cfg.train_dataloader.dataset
    assert dataset.ann_file == list_file(str(tmp_path), lines)
    assert sorted(line.split()[0] for line in lines) == plan[1].pretrain
    with open(f'{videos}/train.txt') as file:
        assert set(lines) < set(file.read().splitlines())
    assert jobs['supervised'].cfg.test_dataloader is None
    # Other labels make another run.
    plan[1].labeled['train.txt'][0] += '1'
    again = [job.path for job in jobs_of(plan, tmp_path)
             if job.kind == 'pretrain']
    assert jobs['ASCNet'].path in again
    assert jobs['supervised'].path not in again


def test_a_method_can_have_an_encoder_of_its_own(videos, tmp_path):
    plan = planned(videos, changed(tmp_path, **LINES))
    assert plan[2][3].epochs == 0
    for job in jobs_of(plan, tmp_path):
        wide = job.method == 'wide, untrained'
        assert job.cfg.model.backbone.base_channels == (4 if wide else 2)
        if 'acp_head' in job.cfg.model:  # encoder's
            assert job.cfg.model.acp_head.in_channels == (32 if wide else 16)
        assert wide <= (job.kind != 'pretrain')
    paths = {job.path.rpartition('/')[2] for job in jobs_of(plan, tmp_path)
             if job.kind == 'vcop'}
    assert len(paths) == 2


def test_what_chooses_does_not_judge_by_test_lists(videos, tmp_path):
    validation = dict(ann_file='train.txt', matching='0000.mp4$')
    parts = Config.fromfile(EXPERIMENT).evaluations
    said = dict(kept_out=[validation], test_lists=['test.txt'])
    with pytest.raises(InputError, match='vcop: .*stands in test_lists'):
        planned(videos, changed(tmp_path, chooses=True, **said))
    final = planned(videos, changed(tmp_path, **said))
    assert len(final[1].judged) == final[3][1].queries == 16

    dataset = 'test_dataloader.dataset.'
    parts[0].options.update({
        f'{dataset}ann_file.query': 'train.txt',
        f'{dataset}matching': dict(query='0000.mp4$', gallery='000[1-5].mp4$'),
        f'{dataset}shuffle_labels': 0
    })
    _, found, _, evaluations = plan = planned(
        videos, changed(tmp_path, chooses=True, evaluations=parts, **said))
    test = set(final[1].judged)
    assert len(found.judged) == evaluations[0].queries == 8
    assert not test & {*found.judged, *found.pretrain}
    assert len(found.pretrain) == 40
    gauges = [job for job in jobs_of(plan, tmp_path) if job.kind == 'gauges']
    assert {job.cfg.test_dataloader.dataset.ann_file for job in gauges} == {
        list_file(str(tmp_path), found.judged)
    }
    assert evaluations[0].chance == {
        'vcop/retrieval/top1': pytest.approx(12.5)
    }
    # No test video in the gallery, either
    parts[0].options[f'{dataset}ann_file.gallery'] = 'test.txt'
    parts[0].options[f'{dataset}matching'].pop('gallery')
    with pytest.raises(InputError, match='gallery list, stands in test_lists'):
        planned(videos, changed(
            tmp_path, chooses=True, evaluations=parts, **said))
    with pytest.raises(InputError, match='none left to choose by'):
        planned(videos, changed(tmp_path, chooses=True, kept_out=['test.txt'],
                                test_lists=['test.txt']))
