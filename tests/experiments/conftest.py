import itertools
import json
import os
import os.path as osp

import pytest

from ascnet_mm.experiments import running

from .planning import CUT_SHORT, FIGURES, planned


@pytest.fixture(scope='session')
def plan(videos):
    return planned(videos)


@pytest.fixture
def outcomes():
    """What ``outcomes.json`` of a test has, by the title of the job."""
    return {}


@pytest.fixture
def commands(monkeypatch, outcomes):
    """Commands that end at once, and the titles of the jobs that ran one."""
    ran, results, times = [], {}, itertools.count()

    def call(job, processes):
        ran.append(job.title)
        code, figures = results.get(job.title, (0, FIGURES[job.kind]))
        path = osp.join(job.path, f'{next(times):04d}')
        os.makedirs(osp.join(path, 'vis_data'))
        name = ('vis_data/scalars.json'
                if job.kind == 'pretrain' else 'found.json')
        with open(osp.join(path, name), 'w') as file:
            json.dump(figures, file)
        if job.title in outcomes:
            with open(osp.join(path, 'vis_data', 'outcomes.json'),
                      'w') as file:
                json.dump(outcomes[job.title], file)
        with open(f'{job.path}.log', 'a') as file:
            file.write('starting\nerror: no luck\n\n')
        if job.kind == 'pretrain' and figures is not CUT_SHORT:
            open(job.checkpoint, 'w').close()
        return code

    monkeypatch.setattr(running, 'call_command', call)
    return ran, results
