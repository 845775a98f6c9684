"""Accuracy of a classifier over all videos."""
from typing import Any, Dict, List, Sequence

import torch
from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS

from .clip_features import outcomes_of


@METRICS.register_module()
class VideoAccuracyMetric(AccMetric):
    """MMAction2's ``AccMetric``; unreadable videos are misses at every k.

    MMAction2 goes by the scores alone, and where there are no more than k
    classes each video is a hit.

    Attributes:
        outcomes (dict): As of :class:`ClipFeaturesMetric`. The figures are
            shares, not percent.

    Examples:
        >>> import torch
        >>> metric = METRICS.build(dict(type='VideoAccuracyMetric'))
        >>> metric.process({}, [
        ...     dict(pred_score=torch.tensor([0.9, 0.1]), readable=readable,
        ...          gt_label=torch.tensor([0]))
        ...     for readable in (True, False)])
        >>> float(metric.evaluate(size=2)['acc/top1'])
        0.5
    """

    outcomes: Dict[str, Any] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, labels, paths, and whether videos could be read."""
        super().process(data_batch, data_samples)
        new = self.results[len(self.results) - len(data_samples):]
        for result, sample in zip(new, data_samples):
            result['readable'] = sample.get('readable', True)
            result['video'] = sample.get('filename', '')

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """MMAction2's figures, all of them shares of all videos."""
        readable = [result for result in results if result['readable']]
        share = len(readable) / len(results)
        hits = super().compute_metrics(readable) if readable else {}
        found = {
            name: share * hits.get(name, 0.) if name.startswith('top') else
            value
            for name, value in super().compute_metrics(results).items()
        }
        alone = [
            super(VideoAccuracyMetric, self).compute_metrics([result])
            for result in results
        ]
        self.outcomes = outcomes_of(
            [result['video'] for result in results], {
                name: torch.tensor([
                    result['readable'] * float(figures[name])
                    for result, figures in zip(results, alone)
                ])
                for name in found if name.startswith('top')
            }, torch.tensor([int(result['label']) for result in results]))
        return found
