import os
import os.path as osp
import shutil

import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.experiments.jobs import list_file

from .planning import (
    EXPERIMENT,
    STAGES,
    changed,
    jobs_of,
    planned,
    with_flow,
    with_three_clips,
)


def test_a_run_is_known_by_all_that_it_depends_on(videos, plan, tmp_path):
    def paths(plan, workers=0):
        return [
            osp.relpath(job.path, tmp_path)
            for job in jobs_of(plan, tmp_path, workers)
        ]

    plain = paths(plan)
    assert len(set(plain)) == len(plain) == 2 * 4 * 3
    moved = shutil.copytree(videos, tmp_path / 'moved')
    assert paths(planned(str(moved)), workers=3) == plain

    options = plan[0].pretraining.copy()
    options['optim_wrapper.optimizer.lr'] = 0.5
    other = paths(planned(videos, changed(tmp_path, pretraining=options)))
    same = [a == b for a, b in zip(plain, other)]
    # untrained needs no rate, and the third method has its own
    assert same == 2 * [*3 * [True], *6 * [False], *3 * [True]]

    other = paths(planned(videos, with_three_clips(tmp_path)))
    same = [a == b for a, b in zip(plain, other)]
    assert same == 8 * [True, False, True]

    # A video of the same name that is another one
    video = next((moved / 'videos').rglob('0000.mp4'))
    content = video.read_bytes()
    video.write_bytes(content + b'more')
    other = paths(planned(str(moved)))
    assert [a == b for a, b in zip(plain, other)][3:12] == 9 * [False]
    video.write_bytes(content)

    # What is seen by whoever trains: one of the training videos is gone.
    os.remove(video)
    other = paths(planned(str(moved)))
    same = [a == b for a, b in zip(plain, other)]
    assert same == 2 * [True, False, True, *9 * [False]]


def test_an_evaluation_can_be_of_some_methods(videos, tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[1].methods = ['untrained', 'both ways']
    plan = planned(videos, changed(tmp_path, evaluations=parts))
    assert [(job.method, job.kind) for job in jobs_of(plan, tmp_path)
            if job.seed == 0] == [
        ('untrained', 'untrained'), ('untrained', 'vcop'),
        ('untrained', 'gauges'), ('ASCNet', 'pretrain'), ('ASCNet', 'vcop'),
        ('both ways', 'pretrain'), ('both ways', 'vcop'),
        ('both ways', 'gauges'), ('diverges', 'pretrain'),
        ('diverges', 'vcop')
    ]  # yapf: disable


def test_a_second_stage_starts_from_the_first_ones(videos, tmp_path):
    path = changed(tmp_path, **STAGES)
    (tmp_path / 'here').mkdir()
    root = with_flow(videos, tmp_path / 'here')
    jobs = jobs_of(planned(root, path), tmp_path / 'runs')
    assert [(job.method, job.kind) for job in jobs if job.seed == 0] == [
        ('untrained', 'untrained'), ('untrained', 'gauges'),
        ('rgb', 'pretrain'), ('rgb', 'gauges'), ('flow', 'pretrain'),
        ('both', 'pretrain'), ('both', 'gauges')
    ]  # yapf: disable
    by_title = {job.title: job for job in jobs}
    for seed in (0, 1):
        rgb, flow, both = (
            by_title[f'{name}, seed {seed}: pretrain']
            for name in ('rgb', 'flow', 'both'))
        assert both.cfg.model.online_from == rgb.checkpoint
        assert both.cfg.model.positives_from == flow.checkpoint
        assert both.after == (flow.path, rgb.path) and not rgb.after
        [pair] = [step for step in both.cfg.train_dataloader.dataset.pipeline
                  if step.type == 'AppendPairedClip']
        assert (pair.root, pair.paired_root) == (
            f'{root}/videos', f'{root}/flow')
        prefixes = [job.cfg.train_dataloader.dataset.data_prefix.video
                    for job in (rgb, flow, both)]
        assert prefixes == [
            f'{root}/{name}' for name in ('videos', 'flow', 'videos')]

    # Elsewhere they are the same; with another first stage the second is new.
    (tmp_path / 'there').mkdir()
    there = with_flow(videos, tmp_path / 'there')
    moved = jobs_of(planned(there, path), tmp_path / 'runs')
    assert [job.path for job in moved] == [job.path for job in jobs]
    rgb, flow, both = STAGES['methods']
    rate = {'optim_wrapper.optimizer.lr': 0.5}
    flow = dict(flow, options={**flow['options'], **rate})
    parts = dict(STAGES, methods=[rgb, flow, both])
    other = jobs_of(
        planned(root, changed(tmp_path, **parts)), tmp_path / 'runs')
    assert [a.path == b.path for a, b in zip(jobs, other)] == 2 * [
        *4 * [True], *3 * [False]]
    # As is a method that reads other files beside those that it trains on.
    parts = dict(STAGES, methods=[
        rgb, dict(both, options={
            **both['options'], 'model.positives_from': None
        })])
    path = changed(tmp_path, **parts)
    before = jobs_of(planned(root, path), tmp_path / 'runs')
    shutil.copytree(f'{videos}/videos', tmp_path / 'more')
    video = next((tmp_path / 'more').rglob('0000.mp4'))
    video.write_bytes(video.read_bytes() + b'more')
    (tmp_path / 'here' / 'flow').unlink()
    (tmp_path / 'here' / 'flow').symlink_to(tmp_path / 'more')
    after = jobs_of(planned(root, path), tmp_path / 'runs')
    assert [a.path == b.path for a, b in zip(before, after)] == 2 * [
        *4 * [True], *2 * [False]]


def test_a_run_is_known_by_the_files_that_it_names(videos, tmp_path):
    """By their content: weights of one network are all of one size."""
    root = tmp_path / 'set'
    root.mkdir()
    for name in ('videos', 'train.txt', 'test.txt'):
        (root / name).symlink_to(f'{videos}/{name}')
    (root / 'flow').mkdir()
    names = ('here.pth', 'there.pth', 'flow')
    first, *_ = Config.fromfile(EXPERIMENT).methods
    places = ('{data_root}/here.pth', str(tmp_path / 'there.pth'),
              '{data_root}/flow')
    path = changed(tmp_path, methods=[
        first, *(dict(name=name, config=first.config,
                      options={'load_from': place})
                 for name, place in zip(names, places))])

    def paths():
        return {
            job.method: job.path
            for job in jobs_of(planned(str(root), path), tmp_path / 'runs')
            if job.kind == 'pretrain'
        }

    files = dict(zip(names, (root / 'here.pth', tmp_path / 'there.pth')))
    # The flow of a training video, whatever its extension is
    with open(f'{videos}/train.txt') as file:
        video = file.readline().split()[0]
    files['flow'] = (root / 'flow' / video).with_suffix('.webm')
    files['flow'].parent.mkdir()
    for file in files.values():
        file.write_text('first')
    before = paths()
    assert paths() == before
    for name, file in files.items():
        file.write_text('other one' if name == 'flow' else 'other')
        after = paths()
        assert [key for key in before if before[key] != after[key]] == [name]
        before = after


def test_a_run_is_known_by_the_modules_that_its_config_imports(
        videos, tmp_path, monkeypatch):
    module = tmp_path / 'own_method_of_a_test.py'
    module.write_text('')
    monkeypatch.syspath_prepend(tmp_path)
    first, *_ = Config.fromfile(EXPERIMENT).methods
    imports = ['ascnet_mm', 'ascnet_mm.compat.applied', module.stem]
    own = dict(name='own', config=first.config, options={
        'custom_imports.imports': imports})
    path = changed(tmp_path, methods=[
        first, own, dict(own, name='own, untrained', epochs=0,
                         encoder={'model.backbone.base_channels': 4})])

    def paths():
        return {job.title: job.path.rpartition('_')[2]
                for job in jobs_of(planned(videos, path), tmp_path)
                if 'seed 0' in job.title}

    before = paths()
    assert paths() == before
    module.write_text('# another one')
    after = paths()
    assert {title for title in before if before[title] != after[title]} == {
        'own, seed 0: pretrain', 'own, untrained, seed 0: untrained'}


def test_flow_has_all_videos_that_are_trained_on(videos, tmp_path):
    root = with_flow(videos, tmp_path)
    (tmp_path / 'flow').unlink()
    (tmp_path / 'flow').mkdir()
    with pytest.raises(InputError, match='flow: 48 videos are not below .*'
                       'make them'):
        planned(root, changed(tmp_path, **STAGES))

    # Only the videos that the method is trained on need be there.
    shutil.copytree(f'{videos}/videos', tmp_path / 'flow', dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('checked*'))
    rgb, flow, _ = STAGES['methods']
    flow = dict(flow, trained_on='^striped')
    path = changed(tmp_path, **dict(STAGES, methods=[rgb, flow]))
    [job] = [job for job in jobs_of(planned(root, path), tmp_path / 'runs')
             if job.title == 'flow, seed 0: pretrain']
    dataset = job.cfg.train_dataloader.dataset
    assert dataset.data_prefix.video == f'{root}/flow'
    assert dataset.ann_file == list_file(
        str(tmp_path / 'runs'), planned(root, path)[1].selected['^striped'])
