"""What a test has found of each video, written to a file."""
import os.path as osp
from typing import Dict, Optional

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...files import write_json


@HOOKS.register_module()
class OutcomesHook(Hook):
    """Write what the metrics of a test have found of each video.

    In addition to the logged figures, ``vis_data/outcomes.json`` in the folder
    of the test contains the ``outcomes`` of each metric that has any, by its
    prefix, so that intervals over the videos can be computed later. Videos are
    named as in their list.

    Examples:
        >>> custom_hooks = [dict(type='OutcomesHook')]
        >>> hook = HOOKS.build(custom_hooks[0])
        >>> json.load(open('outcomes.json'))['retrieval']['figures']
        ... # doctest: +SKIP
        {'top1': [1.0, 0.0, 1.0]}
    """

    @master_only
    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Write the file."""
        folder = runner.test_dataloader.dataset.data_prefix['video']
        found = {
            metric.prefix: dict(
                metric.outcomes,
                videos=[
                    osp.relpath(video, folder)
                    for video in metric.outcomes['videos']
                ])
            for metric in runner.test_evaluator.metrics
            if getattr(metric, 'outcomes', None)
        }
        write_json(
            osp.join(runner.log_dir, 'vis_data', 'outcomes.json'), found)
