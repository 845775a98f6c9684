"""Accuracy of a classifier over all videos."""
from typing import Any, Dict, List, Sequence

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS


@METRICS.register_module()
class VideoAccuracyMetric(AccMetric):
    """MMAction2's ``AccMetric``; unreadable videos are misses at every k.

    MMAction2 goes by the scores alone, and where there are no more than k
    classes each video is a hit.

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

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels, and whether the videos could be read."""
        super().process(data_batch, data_samples)
        new = self.results[len(self.results) - len(data_samples):]
        for result, sample in zip(new, data_samples):
            result['readable'] = sample.get('readable', True)

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """MMAction2's figures, all of them shares of all videos."""
        readable = [result for result in results if result['readable']]
        share = len(readable) / len(results)
        hits = super().compute_metrics(readable) if readable else {}
        return {
            name: share * hits.get(name, 0.) if name.startswith('top') else
            value
            for name, value in super().compute_metrics(results).items()
        }
