import os
import os.path as osp
import shutil

from mmengine.config import Config

from .planning import (
    EXPERIMENT,
    changed,
    jobs_of,
    planned,
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
