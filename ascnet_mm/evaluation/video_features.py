"""Base of metrics on queries and a gallery."""
from abc import abstractmethod
from statistics import mean
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ..errors import InputError
from .clip_features import ClipFeaturesMetric, outcomes_of
from .search import ComparableRows, fit_whitening, nearest

# From a video's clips [clips, C] to its feature: [C], concat [clips * C]
POOLINGS = dict(
    mean=lambda clips: clips.mean(dim=0),
    max=lambda clips: clips.amax(dim=0),
    concat=lambda clips: clips.flatten())
# Features by pooling of the clips in use: metrics side by side share them.
_POOLED = WeakTensorKeyDictionary()


class VideoFeaturesMetric(ClipFeaturesMetric):
    """Evaluates features by the classes of videos: queries and a gallery.

    Collects every video's features, label and ``role``. Reports the share of
    the queries, in percent, that meet a criterion of :meth:`hits`, and under
    ``..._macro`` the mean of the shares of the classes; a query that could not
    be read counts as a miss.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what :meth:`keep` says, or None, with label and role.

        Raises:
            InputError: If a video has no label or no role.
        """
        for sample in data_samples:
            if 'role' not in sample:
                raise InputError(
                    f'{type(self).__name__} has to know which videos are '
                    'queries, and which the gallery: give '
                    'ann_file=dict(gallery=..., query=...) to a VideoList')
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
                dict(
                    features=features,
                    label=label,
                    role=sample['role'],
                    video=sample.get('filename', '')))

    def keep(self, clips: Tensor) -> Tensor:
        """What is kept of the features ``[clips, C]`` of a video."""
        return clips

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Shares in percent, and how many videos took part or could not.

        Raises:
            InputError: If there is no query or no gallery, or none of either
                could be read.
        """
        judged = [r for r in results if r['role'] == 'query']
        others = [r for r in results if r['role'] == 'gallery']
        if not judged or not others:
            raise InputError(
                f'{type(self).__name__} needs videos of both roles, but has '
                f'{len(judged)} queries and a gallery of {len(others)}: '
                'give ann_file=dict(gallery=..., query=...) to a VideoList')
        queries, gallery = (
            [r for r in part if r['features'] is not None]
            for part in (judged, others))
        for role, part, found in (('query', judged, queries),
                                  ('gallery', others, gallery)):
            if not found:
                raise InputError(
                    f'{type(self).__name__}: none of the {len(part)} videos '
                    f'of the {role} list could be read; skipped_videos.txt in '
                    'the folder of the run says why')
        readable = torch.tensor([r['features'] is not None for r in judged])
        shares = {}
        for name, hit in self.hits(*_columns(queries),
                                   *_columns(gallery)).items():
            shares[name] = torch.zeros(len(judged))
            shares[name][readable] = hit.float()
        _, labels = _columns(judged)
        self.outcomes = outcomes_of([r['video'] for r in judged], shares,
                                    labels)
        metrics = {
            name: 100 * share.double().mean().item()
            for name, share in shares.items()
        }
        for name, classes in self.outcomes['classes'].items():
            metrics[f'{name}_macro'] = mean(classes.values())
        return dict(
            metrics,
            queries=len(judged),
            gallery=len(gallery),
            unreadable=len(results) - len(queries) - len(gallery))

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


class PooledVideosMetric(VideoFeaturesMetric):
    """Judges one feature per video, made of those of its clips.

    Args:
        pooling (str): How the features of the clips are combined: ``'mean'``,
            ``'max'``, or ``'concat'``, which joins all of them in their order
            and so keeps what happens when. ``'concat'`` needs the same number
            of clips of every video. Defaults to ``'mean'``.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Raises:
        InputError: If there is no such pooling.
    """

    def __init__(self, pooling: str = 'mean', **kwargs) -> None:
        super().__init__(**kwargs)
        if pooling not in POOLINGS:
            raise InputError(f'{type(self).__name__}: pooling is one of '
                             f'{list(POOLINGS)}, not {pooling!r}')
        self.pooling = pooling

    def keep(self, clips: Tensor) -> Tensor:
        """The video's feature, on the CPU."""
        pooled = _POOLED.setdefault(clips, {})
        if self.pooling not in pooled:
            pooled[self.pooling] = POOLINGS[self.pooling](clips).cpu()
        return pooled[self.pooling]

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """As :class:`VideoFeaturesMetric`.

        Raises:
            InputError: Also if the videos' features differ in size.
        """
        sizes = {len(r['features']) for r in results
                 if r['features'] is not None}
        if len(sizes) > 1:
            raise InputError(
                f'{type(self).__name__}: the features of videos have '
                f'{min(sizes)} to {max(sizes)} dimensions; with '
                f'pooling={self.pooling!r}, all videos need the same number '
                "of clips: take 'mean', or a fixed number of clips")
        return super().compute_metrics(results)


class NearestVideosMetric(PooledVideosMetric):
    """Judges queries by the most similar videos of the gallery.

    Args:
        depth (int): How many of them.
        center (bool): Subtract from the queries their own mean, and from the
            gallery its own (as CoCLR does). Defaults to False.
        whiten (bool): Whiten both by the gallery's mean (with ``center`` each
            by its own) and covariance, as :func:`fit_whitening` does, so that
            a direction in which features vary little counts as much as one in
            which they vary much. Defaults to False.
        scale (bool): Compare by cosine. False: by dot product. Defaults to
            True.
        **kwargs: As for :class:`PooledVideosMetric`.
    """

    def __init__(self,
                 depth: int,
                 center: bool = False,
                 whiten: bool = False,
                 scale: bool = True,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.depth = depth
        self.center = center
        self.whiten = whiten
        self.scale = scale

    def hits(self, queries: List[Tensor], query_labels: Tensor,
             gallery: List[Tensor],
             gallery_labels: Tensor) -> Dict[str, Tensor]:
        """Find the most similar videos and judge by them."""
        whitening = fit_whitening(gallery) if self.whiten else None
        similarity, order = nearest(*[
            ComparableRows(rows, self.center, self.scale, whitening)
            for rows in (queries, gallery)
        ], self.depth)
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


def check_counts(owner: str, name: str, counts: Any) -> None:
    """Refuse what is no list of numbers of neighbors.

    Raises:
        InputError: If it is empty or holds other than positive integers.
    """
    if not isinstance(counts, Iterable) or not counts or not all(
            isinstance(count, int) and count > 0 for count in counts):
        raise InputError(f'{owner}: {name} must be a list of one or more '
                         f'positive integers, not {counts!r}')
