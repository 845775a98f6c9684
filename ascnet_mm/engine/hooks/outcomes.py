"""What a test has found of each video, written to a file."""
import os.path as osp
from typing import Dict, Optional

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from ...datasets.base import parts_of
from ...files import write_json


@HOOKS.register_module()
class OutcomesHook(Hook):
    """Write what the metrics of a test have found of each video.

    In addition to the logged figures, ``vis_data/outcomes.json`` in the folder
    of the test contains the ``outcomes`` of each metric that has any, by its
    prefix, so that intervals over the videos can be computed later. Videos are
    named as in their list, or relative to the folder of a
    :class:`VideoFolder`; those of a ``ConcatDataset``, to the folder that
    contains all its parts.

    Examples:
        >>> custom_hooks = [dict(type='OutcomesHook')]
        >>> hook = HOOKS.build(custom_hooks[0])
        >>> json.load(open('outcomes.json'))['retrieval']['figures']
        ... # doctest: +SKIP
        {'top1': [1.0, 0.0, 1.0]}
    """

    # The logged figures are written first.
    priority = 'LOW'

    @master_only
    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Write the file."""
        folder = _folder(runner.test_dataloader.dataset)
        found = {
            metric.prefix: dict(
                metric.outcomes,
                videos=[
                    video and osp.relpath(video, folder)
                    for video in metric.outcomes['videos']
                ])
            for metric in runner.test_evaluator.metrics
            if getattr(metric, 'outcomes', None)
        }
        write_json(
            osp.join(runner.log_dir, 'vis_data', 'outcomes.json'), found)


def _folder(dataset: Dataset) -> str:
    """The folder that the names of videos are relative to."""
    return osp.commonpath([
        osp.abspath(part.data_prefix.get('video') or part.data_root or '')
        for part in parts_of(dataset)
    ])
