"""Base of metrics on queries and a gallery."""
from abc import abstractmethod
from typing import Any, Dict, List, Sequence, Tuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ..errors import InputError
from .clip_features import ClipFeaturesMetric
from .search import ComparableRows, nearest

# One number per channel from a video's clips, [clips, C] to [C]
POOLINGS = dict(
    mean=lambda clips: clips.mean(dim=0), max=lambda clips: clips.amax(dim=0))
# Features by pooling of the clips in use: metrics side by side share them.
_POOLED = WeakTensorKeyDictionary()


class VideoFeaturesMetric(ClipFeaturesMetric):
    """Judges features by the classes of videos: queries against a gallery.

    Collects every video's features, label and ``role``. What is reported is
    the share of the queries, in percent, that a criterion of :meth:`hits`
    holds for; a query that could not be read counts as a miss.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what :meth:`keep` says, or None, with label and role.

        Raises:
            InputError: If a video has no label.
        """
        for sample in data_samples:
            label = int(sample['gt_label'])
            if label < 0:
                raise InputError(
                    f'{type(self).__name__} needs the class of every video, '
                    f'but {sample.get("filename", "one")} has none: give '
                    'them in the list file of a VideoList, or leave this '
                    'metric out')
            features = self.features_of(sample)
            if features is not None:
                features = self.keep(features).cpu()
            self.results.append(
                dict(features=features, label=label, role=sample['role']))

    def keep(self, clips: Tensor) -> Tensor:
        """What is kept of the features ``[clips, C]`` of a video."""
        return clips

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Shares in percent, and how many videos took part or could not.

        Raises:
            InputError: If there is no query or no gallery, or none of either
                could be read.
        """
        readable = [r for r in results if r['features'] is not None]
        queries = [r for r in readable if r['role'] == 'query']
        gallery = [r for r in readable if r['role'] == 'gallery']
        total = sum(r['role'] == 'query' for r in results)
        if total in (0, len(results)):
            raise InputError(
                f'{type(self).__name__} needs videos of both roles, but has '
                f'{total} queries and a gallery of {len(results) - total}: '
                'give ann_file=dict(gallery=..., query=...) to a VideoList')
        for role, found in (('query', queries), ('gallery', gallery)):
            if not found:
                count = total if role == 'query' else len(results) - total
                raise InputError(
                    f'{type(self).__name__}: none of the {count} videos of '
                    f'the {role} list could be read; skipped_videos.txt in '
                    'the folder of the run says why')
        hits = self.hits(*_columns(queries), *_columns(gallery))
        metrics = {
            name: 100 * hit.sum().item() / total
            for name, hit in hits.items()
        }
        return dict(
            metrics,
            queries=total,
            gallery=len(gallery),
            unreadable=len(results) - len(readable))

    @abstractmethod
    def hits(self, queries: List[Tensor], query_labels: Tensor,
             gallery: List[Tensor],
             gallery_labels: Tensor) -> Dict[str, Tensor]:
        """Which of the readable queries are hits.

        Args:
            queries (list[Tensor]): What was kept of each of Q videos.
            query_labels (Tensor): ``[Q]``.
            gallery (list[Tensor]): What was kept of each of G videos.
            gallery_labels (Tensor): ``[G]``.

        Returns:
            dict[str, Tensor]: bool ``[Q]`` for each criterion.
        """


def _columns(results: List[dict]) -> Tuple[List[Tensor], Tensor]:
    return ([r['features'] for r in results],
            torch.tensor([r['label'] for r in results]))


class NearestVideosMetric(VideoFeaturesMetric):
    """Judges queries by the most similar videos of the gallery.

    Args:
        depth (int): How many of them.
        pooling (str): ``'mean'`` or ``'max'`` of the clips' features makes
            the video's. Defaults to ``'mean'``.
        centre (bool): Subtract from the queries their own mean, and from the
            gallery its own (as CoCLR does). Defaults to False.
        scale (bool): Compare by cosine. False: by dot product. Defaults to
            True.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Raises:
        InputError: If there is no such pooling.
    """

    def __init__(self,
                 depth: int,
                 pooling: str = 'mean',
                 centre: bool = False,
                 scale: bool = True,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if pooling not in POOLINGS:
            raise InputError(f'{type(self).__name__}: pooling is one of '
                             f'{list(POOLINGS)}, not {pooling!r}')
        self.depth = depth
        self.pooling = pooling
        self.centre = centre
        self.scale = scale

    def keep(self, clips: Tensor) -> Tensor:
        """The video's feature ``[C]``, on the CPU."""
        pooled = _POOLED.setdefault(clips, {})
        if self.pooling not in pooled:
            pooled[self.pooling] = POOLINGS[self.pooling](clips).cpu()
        return pooled[self.pooling]

    def hits(self, queries: List[Tensor], query_labels: Tensor,
             gallery: List[Tensor],
             gallery_labels: Tensor) -> Dict[str, Tensor]:
        """Find the most similar videos and judge by them."""
        similarity, order = nearest(
            ComparableRows(queries, self.centre, self.scale),
            ComparableRows(gallery, self.centre, self.scale), self.depth)
        return self.judge(similarity, gallery_labels[order], query_labels)

    @abstractmethod
    def judge(self, similarity: Tensor, found: Tensor,
              query_labels: Tensor) -> Dict[str, Tensor]:
        """Which queries are hits.

        Args:
            similarity (Tensor): Of the most similar videos to each query,
                descending, ``[Q, depth]``.
            found (Tensor): Their labels, ``[Q, depth]``.
            query_labels (Tensor): ``[Q]``.

        Returns:
            dict[str, Tensor]: bool ``[Q]`` for each criterion.
        """


def check_counts(owner: str, name: str, counts: Sequence[int]) -> None:
    """Refuse what is no list of numbers of neighbors.

    Raises:
        InputError: If it is empty or holds other than positive integers.
    """
    if not counts or not all(
            isinstance(count, int) and count > 0 for count in counts):
        raise InputError(f'{owner}: {name} must be one or more positive '
                         f'integers, not {tuple(counts)}')
