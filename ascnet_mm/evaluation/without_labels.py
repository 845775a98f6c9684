"""Metrics without labels: do ACP and SCP work, has training collapsed?

All of them use the features of clips of the same videos at every speed, as
made by ``SpeedPairedSampleFrames(test_mode=True)``, of the samples whose role
is ``'query'``: videos that were kept out of training.
"""
import logging
from abc import abstractmethod
from typing import Any, Dict, List, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmaction.registry import METRICS
from mmengine.logging import print_log
from torch import Tensor

from ..errors import InputError
from ..models.diagnostics import effective_rank, rank_me
from .clip_features import ClipFeaturesMetric, outcomes_of
from .functional import group_numbers, probe_unseen

# Figures by name: of each video, 0 to 1, [V], or one number of them all
Found = Dict[str, Union[Tensor, float]]


class _SpeedClipsMetric(ClipFeaturesMetric):
    """Collects the features of each query video's clips, by speed.

    If no video can be read, the metric reports nothing and warns once: that
    is no reason to stop pre-training.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._warned = False
        # Those that are judged, by their paths
        self.videos: List[str] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what :meth:`arrange` makes of the features, or None."""
        for sample in data_samples:
            if 'role' not in sample:
                raise InputError(
                    f'{type(self).__name__} judges the videos whose role is '
                    "'query', and the data set gives them none: take a "
                    'VideoFolder or a VideoList')
            features = self.features_of(sample)
            if features is not None and sample['role'] == 'query':
                # Without speeds the clips are one draw.
                speeds = sample.get('speeds', range(1, len(features) + 1))
                features = self.arrange(features.cpu(), speeds)
            else:
                features = None
            # In a dict: MMEngine drops a bare None when it joins the ranks.
            self.results.append(
                dict(video=sample.get('filename', ''), features=features))

    def arrange(self, clips: Tensor, speeds: Sequence[int]) -> Tensor:
        """The clips that are compared.

        Args:
            clips (Tensor): Features ``[clips, C]``.
            speeds (Sequence[int]): Of each clip; negative ones are played
                backward.

        Returns:
            Tensor: ``[draws, S, C]``: of each draw a clip per speed, forward,
            ascending.
        """
        wanted = sorted({speed for speed in speeds if speed > 0})
        return torch.stack(
            [clips[[other == speed for other in speeds]] for speed in wanted],
            dim=1)

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Compute from the readable videos; nothing if there are none."""
        self.outcomes = {}
        readable = [r for r in results if r['features'] is not None]
        if not readable:
            return self.nothing('no video of the validation set whose role '
                                "is 'query' could be read")
        shapes = {r['features'].shape for r in readable}
        if len(shapes) > 1:
            raise InputError(
                f'{type(self).__name__} compares as many clips of every '
                f'video, not {min(map(_clips, shapes))} to '
                f'{max(map(_clips, shapes))}: sample them by '
                'SpeedPairedSampleFrames')
        self.videos = [r['video'] for r in readable]
        found = self.compute(torch.stack([r['features'] for r in readable]))
        shares = {
            name: value for name, value in found.items()
            if isinstance(value, Tensor)
        }
        if shares:
            self.outcomes = outcomes_of(self.videos, shares)
        return {
            name: 100 * value.mean().item() if name in shares else value
            for name, value in found.items()
        }

    def nothing(self, why: str) -> Dict[str, float]:
        """Report nothing, and warn of it the first time."""
        if not self._warned:
            self._warned = True
            print_log(
                f'{type(self).__name__} reports nothing: {why}', 'current',
                logging.WARNING)
        return {}

    @abstractmethod
    def compute(self, features: Tensor) -> Found:
        """Compute from the features ``[V, draws, S, C]`` of all videos."""


@METRICS.register_module()
class SameVideoRetrievalMetric(_SpeedClipsMetric):
    """Does a fast clip find its own video's slow clip among all others'?

    What the ACP task asks for, on videos it has not seen. The fastest clips
    query the slowest ones, by cosine.

    Args:
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='SameVideoRetrievalMetric'))
        >>> slow, fast = torch.eye(4), torch.eye(4)[[0, 1, 2, 2]]
        >>> metric.process({}, [
        ...     dict(clip_features=torch.stack(clips), role='query')
        ...     for clips in zip(slow, fast)])
        >>> metric.evaluate(size=4)
        {'same_video/top1': 75.0, 'same_video/chance': 25.0}
    """

    default_prefix = 'same_video'

    def compute(self, features: Tensor) -> Found:
        """Top-1, and its chance level in percent."""
        draws = F.normalize(features, dim=-1).unbind(dim=1)
        found = torch.stack([_finds(clips) for clips in draws], dim=1)
        return dict(
            top1=found.double().mean(dim=1), chance=100 / len(features))


def _finds(clips: Tensor) -> Tensor:
    """Whether a video's last clip is nearest to its own first one.

    Args:
        clips (Tensor): Of unit length, ``[V, S, C]``.

    Returns:
        Tensor: bool ``[V]``.
    """
    similarity = clips[:, -1] @ clips[:, 0].T
    own = similarity.diagonal()[:, None]
    # A tie with another video is no find.
    return (similarity >= own).sum(dim=1) == 1


@METRICS.register_module()
class EffectiveRankMetric(_SpeedClipsMetric):
    """In how many directions do the encoder's features vary?

    :func:`effective_rank` and :func:`rank_me` of the features of all clips.

    Args:
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='EffectiveRankMetric'))
        >>> metric.process({}, [
        ...     dict(clip_features=clips, role='query')
        ...     for clips in torch.rand(8, 2, 16)])
        >>> sorted(metric.evaluate(size=8))
        ['encoder/effective_rank', 'encoder/rankme']
    """

    default_prefix = 'encoder'

    def compute(self, features: Tensor) -> Found:
        """Both of the clips ``[V draws S, C]``."""
        clips = features.flatten(0, 2)
        return dict(
            effective_rank=effective_rank(clips).item(),
            rankme=rank_me(clips).item())


class _ProbeMetric(_SpeedClipsMetric):
    """Logistic regression on clips of unseen videos.

    Args:
        folds (int): Number of folds. Defaults to 5.
        weight_decay (float): L2 penalty, times half the squared norm of the
            weights, beside the mean cross entropy. Defaults to 0.01.
        groups (str, optional): Regular expression; videos in whose paths it
            finds the same, as those of one recording, share a fold. Defaults
            to None: each video is a group.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Raises:
        InputError: If ``folds`` is less than 2.
    """

    # Whether the mean of each draw is subtracted
    paired = False

    def __init__(self,
                 folds: int = 5,
                 weight_decay: float = 0.01,
                 groups: Optional[str] = None,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if folds < 2:
            raise InputError(
                f'{type(self).__name__} judges each fold by the others: set '
                f'folds to 2 or more, not {folds}')
        self.folds = folds
        self.weight_decay = weight_decay
        self.groups = groups

    def compute(self, features: Tensor) -> Found:
        """Accuracy and its chance in percent; nothing of a single group."""
        if self.paired:
            features = centered(features)
        _, draws, kinds, _ = features.shape
        groups = self._group_of_each()
        if not groups.any():
            return self.nothing(
                'a probe needs other videos to be trained on than those it '
                'judges, and there is one group of videos alone')
        right = probe_unseen(
            features.flatten(1, 2), torch.arange(kinds).repeat(draws),
            groups % self.folds, self.weight_decay)
        return dict(
            accuracy=right.double().mean(dim=1), chance=100 / kinds)

    def _group_of_each(self) -> Tensor:
        """The number of each video's group, from 0; int64 ``[V]``."""
        # Samples without a path are videos of their own, too.
        videos = [video or str(number)
                  for number, video in enumerate(self.videos)]
        return torch.tensor(group_numbers(videos, self.groups))


@METRICS.register_module()
class SpeedProbeMetric(_ProbeMetric):
    """Can a linear classifier tell the clips' speeds on unseen videos?

    This is what the SCP task is meant to bring about; a loss without negatives
    does not enforce it. The probe is a logistic regression on standardized
    features, in five folds over the videos: each video's clips are classified
    by a probe trained on the other videos.

    Each clip is classified by itself, so that speed has to stand out from all
    differences between videos: where those are large, this probe stays near
    chance whether or not the features contain the speed.
    :class:`PairedSpeedProbeMetric` removes these differences.

    Args:
        folds (int): Number of folds. Defaults to 5.
        weight_decay (float): Weight of an L2 penalty, half the squared norm of
            the weights, which is added to the mean cross entropy. Defaults to
            0.01.
        groups (str, optional): Regular expression; videos in whose paths it
            matches the same text, such as those of one recording, share a
            fold. Defaults to None: each video is a group.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='SpeedProbeMetric', folds=2))
        >>> metric.process({}, [
        ...     dict(clip_features=torch.eye(2), role='query')
        ...     for _ in range(4)])
        >>> metric.evaluate(size=4)
        {'speed_probe/accuracy': 100.0, 'speed_probe/chance': 50.0}
    """

    default_prefix = 'speed_probe'


@METRICS.register_module()
class PairedSpeedProbeMetric(_ProbeMetric):
    """Can a linear classifier tell the clips of one video apart by speed?

    Like :class:`SpeedProbeMetric`, but on differences within a video: the mean
    of each draw of one clip per speed is subtracted, so that whatever all
    clips of a video share does not count. With two speeds, one clip is then
    the mirror image of the other, and the accuracy is that of telling which of
    the two is faster. If the features are normal with deviation s within a
    video and means d apart, it is Phi(d / (sqrt(2) s)) at best.

    With several draws per video (``SpeedPairedSampleFrames(draws=5)``), the
    probe is trained and tested on as many pairs.

    Args:
        folds (int): Number of folds. Defaults to 5.
        weight_decay (float): Weight of an L2 penalty, half the squared norm of
            the weights, which is added to the mean cross entropy. Defaults to
            0.01.
        groups (str, optional): Regular expression; videos in whose paths it
            matches the same text, such as those of one recording, share a
            fold. Defaults to None: each video is a group.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Examples:
        >>> metric = METRICS.build(dict(type='PairedSpeedProbeMetric'))
        >>> scenes = 100 * torch.rand(20, 1, 2)
        >>> metric.process({}, [
        ...     dict(clip_features=scene + torch.eye(2), speeds=(1, 2),
        ...          role='query') for scene in scenes])
        >>> metric.evaluate(size=20)['paired_speed_probe/accuracy']
        100.0
    """

    default_prefix = 'paired_speed_probe'
    paired = True


@METRICS.register_module()
class ReadingDirectionMetric(_ProbeMetric):
    """Can a linear classifier tell a clip from its reverse?

    The arrow of time (Wei et al., Learning and Using the Arrow of Time, CVPR
    2018): both show the same frames, so nothing but their order tells them
    apart. As in :class:`PairedSpeedProbeMetric`, the mean of a clip and its
    reverse is subtracted, and the probe tells which of the two runs forward.
    The reverses come from :class:`AppendReversed`.

    Args:
        folds (int): Number of folds. Defaults to 5.
        weight_decay (float): Weight of an L2 penalty, half the squared norm of
            the weights, which is added to the mean cross entropy. Defaults to
            0.01.
        groups (str, optional): Regular expression; videos in whose paths it
            matches the same text, such as those of one recording, share a
            fold. Defaults to None: each video is a group.
        **kwargs: As for :class:`ClipFeaturesMetric`.

    Raises:
        InputError: In ``process``, if not every clip has its reverse.

    Examples:
        >>> metric = METRICS.build(dict(type='ReadingDirectionMetric'))
        >>> scenes = 100 * torch.rand(20, 1, 2)
        >>> metric.process({}, [
        ...     dict(clip_features=scene + torch.eye(2), speeds=(1, -1),
        ...          role='query') for scene in scenes])
        >>> metric.evaluate(size=20)
        ... # doctest: +NORMALIZE_WHITESPACE
        {'reading_direction/accuracy': 100.0,
         'reading_direction/chance': 50.0}
    """

    default_prefix = 'reading_direction'
    paired = True

    def arrange(self, clips: Tensor, speeds: Sequence[int]) -> Tensor:
        """Of each clip itself and its reverse, ``[draws S, 2, C]``."""
        forward = [speed for speed in speeds if speed > 0]
        backward = [-speed for speed in speeds if speed < 0]
        if forward != backward:
            raise InputError(
                'ReadingDirectionMetric needs clips and their reverses, not '
                f'speeds of {tuple(speeds)}: put AppendReversed behind '
                "SpeedPairedSampleFrames in the data set's pipeline")
        ahead = torch.tensor(speeds) > 0
        return torch.stack([clips[ahead], clips[~ahead]], dim=1)


def _clips(shape: torch.Size) -> int:
    """How many clips there are of a video, of those ``[draws, S, C]``."""
    return shape[0] * shape[1]


def centered(features: Tensor) -> Tensor:
    """Features ``[V, draws, S, C]`` without the mean of each draw."""
    return features - features.mean(dim=2, keepdim=True)
