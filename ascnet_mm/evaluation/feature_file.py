"""Features of videos, written to a file."""
import io
import os
import os.path as osp
from typing import Any, Dict, List, Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..errors import InputError
from ..files import write_whole


@METRICS.register_module()
class FeatureFile(BaseMetric):
    """Writes the features of all videos to a file.

    The file is an ``.npz`` with ``features`` (float32 ``[V, C]``, the mean of
    a video's clips), ``names`` (str ``[V]``) and ``labels`` (int64 ``[V]``, -1
    where there is none), in the order of the data set. Videos that could not
    be read are left out and listed under ``unreadable``. The file appears only
    when it is complete.

    Args:
        path (str): The file, ending in ``.npz``.
        root (str): Folder that the names start from. Defaults to '.'.
        **kwargs: As for ``BaseMetric``.

    Raises:
        InputError: If ``path`` has another ending or cannot be written.

    Examples:
        >>> import torch
        >>> metric = METRICS.build(
        ...     dict(type='FeatureFile', path='features.npz'))
        >>> video = dict(
        ...     filename='a.mp4', gt_label=-1, clip_features=torch.rand(2, 4))
        >>> metric.process({}, [video])
        >>> metric.evaluate(size=1)  # doctest: +SKIP
        {'features/videos': 1, 'features/unreadable': 0}
        >>> np.load('features.npz')['features'].shape  # doctest: +SKIP
        (1, 4)
    """

    default_prefix = 'features'

    def __init__(self, path: str, root: str = '.', **kwargs) -> None:
        if not path.endswith('.npz'):
            raise InputError(f'features are written to an .npz file: {path}')
        parent = osp.dirname(path) or '.'
        if osp.isdir(path) or (osp.exists(parent)
                               and not os.access(parent, os.W_OK | os.X_OK)):
            raise InputError(f'{path} cannot be written: name another file')
        super().__init__(**kwargs)
        self.path = path
        self.root = root

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep name, label and mean feature of every video."""
        for sample in data_samples:
            clips = sample.get('clip_features')
            self.results.append(
                dict(
                    name=osp.relpath(sample['filename'], self.root),
                    label=int(sample['gt_label']),
                    feature=None if clips is None else clips.mean(
                        dim=0).cpu().numpy()))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Write the file; how many videos it holds and lacks.

        Raises:
            InputError: If no video could be read.
        """
        readable = [r for r in results if r['feature'] is not None]
        unreadable = [r['name'] for r in results if r['feature'] is None]
        if not readable:
            raise InputError(f'none of the {len(results)} videos can be read')
        os.makedirs(osp.dirname(self.path) or '.', exist_ok=True)
        buffer = io.BytesIO()
        np.savez(
            buffer,
            features=np.stack([r['feature'] for r in readable]),
            names=np.array([r['name'] for r in readable]),
            labels=np.array([r['label'] for r in readable]),
            unreadable=np.array(unreadable, dtype=str))
        write_whole(self.path, buffer.getbuffer())
        return dict(videos=len(readable), unreadable=len(unreadable))
