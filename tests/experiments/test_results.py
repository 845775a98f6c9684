import os.path as osp

from mmengine.config import Config

from ascnet_mm.experiments.page import page
from ascnet_mm.experiments.results import collect, unknown_measures, values
from ascnet_mm.experiments.running import run_jobs

from .planning import EXPERIMENT, LINES, changed, jobs_of, planned


def test_a_measure_can_be_an_average():
    method = dict(runs=[
        dict(figures=dict(a=1., b=4.)), dict(figures=dict(a=2.)),
        dict(figures=dict(a=3., b=5.))
    ])
    assert values(method, 'a + b') == [2.5, 4.]
    assert values(method, 'a') == [1., 2., 3.]


def test_figures_that_no_run_has_are_told():
    run = dict(figures={'vcop/retrieval/top1': 1., 'vcop/knn/top1': 2.})
    found = dict(
        methods=[dict(runs=[run, dict(figures={})])],
        measures=[dict(key='vcop/retreival/top1 + vcop/knn/top1'),
                  dict(key='vcop/knn/top1')])
    line, = unknown_measures(found)
    assert line.startswith('no run has the figure vcop/retreival/top1')
    assert 'vcop/retrieval/top1' in line
    run['figures']['vcop/retreival/top1'] = 3.
    assert unknown_measures(found) == []


def test_videos_of_one_method_are_listed_counted_and_sized(
        videos, tmp_path, commands):
    methods = Config.fromfile(EXPERIMENT).methods[:1]
    methods += [dict(methods[0], name='all videos', trained_on='')]
    methods[0].trained_on = '^checked'
    plan = planned(
        videos, changed(tmp_path, methods=methods, trained_on='^striped'))
    jobs = jobs_of(plan, tmp_path)
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(tmp_path)))
    for job in jobs:
        if job.kind == 'pretrain':
            with open(job.cfg.train_dataloader.dataset.ann_file) as file:
                assert len(file.read().splitlines()) == (
                    48 if 'all' in job.method else 12)
    assert found['data']['selected'] == {'': 48, '^checked': 12}
    assert found['data']['sizes'] == {
        path: osp.getsize(osp.join(plan[1].folder, path))
        for path in [*plan[1].selected[''], *plan[1].judged]
    }
    found.update(date='d', command='c', machine={}, versions={})
    assert ('without labels (ASCNet: 12 videos) (all videos: 48 videos). 16 '
            'others' in page(dict(tiny=found)))


def test_the_page_names_videos_of_trained_methods_alone(
        videos, tmp_path, commands):
    """The untrained network has what is said of the first method."""
    ascnet, supervised, _ = LINES['methods']
    plan = planned(videos, changed(
        tmp_path, **dict(LINES, methods=[supervised, ascnet])))
    jobs = jobs_of(plan, tmp_path)
    found = collect(*plan, jobs, run_jobs(jobs, plan[1], str(tmp_path)))
    found.update(date='d', command='c', machine={}, versions={})
    assert ('without labels (supervised: those in train.txt, with labels). 16 '
            'others' in page(dict(tiny=found)))
