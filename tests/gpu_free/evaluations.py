"""``python -m tests.gpu_free.evaluations SPEC``: evaluations by the runner.

SPEC is a list of the arguments of :func:`evaluate`, as JSON; what it returns
is printed likewise.
"""
import json
import os.path as osp
import sys
from typing import Dict, List
from unittest import mock

from mmengine.runner import Runner, TestLoop

from ascnet_mm.apis import read_config
from ascnet_mm.benchmarking.pretend_gpu.device import PretendGPU, pretend_gpu

VIDEOS = 1  # of gallery and queries each


def evaluate(gpu: PretendGPU, config: str, videos: str, work_dir: str,
             options: dict) -> Dict[str, object]:
    """What the batches of an evaluation launch and wait for.

    Its metrics say how many videos they got: there are no values to judge.
    """
    cfg = read_config(f'ascnet_mm::ascnet/{config}', options)
    loader = cfg.test_dataloader
    loader.update(num_workers=0, persistent_workers=False, batch_size=2)
    lists = {}
    for role, name in (('gallery', 'train'), ('query', 'test')):
        with open(osp.join(videos, f'{name}.txt')) as file:
            lines = file.read().splitlines()[:VIDEOS]
        lists[role] = f'few_{role}.txt'
        with open(osp.join(videos, lists[role]), 'w') as file:
            file.write('\n'.join(lines))
    loader.dataset.update(
        data_root=videos, ann_file=lists, data_prefix=dict(video='videos'))
    cfg.work_dir, cfg.experiment_name = work_dir, osp.basename(work_dir)
    cfg.log_level = 'ERROR'
    runner = Runner.from_cfg(cfg)
    for metric in runner.test_loop.evaluator.metrics:
        metric.compute_metrics = _count
    batches: List[dict] = []
    run_iter = TestLoop.run_iter

    def watched(*args) -> None:
        gpu.reset()
        run_iter(*args)
        batches.append(dict(
            launches=sum(gpu.launches.values()),
            waits=[f'{wait.operation} at {wait.where}'
                   for wait in gpu.waits]))

    with mock.patch.object(TestLoop, 'run_iter', watched):
        figures = runner.test()
    return dict(batches=batches, figures=figures)


def _count(results: list) -> Dict[str, int]:
    return dict(videos=len(results))


if __name__ == '__main__':
    with pretend_gpu() as device:
        print(json.dumps(
            [evaluate(device, **each) for each in json.loads(sys.argv[1])]))
