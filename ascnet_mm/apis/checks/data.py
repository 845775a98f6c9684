"""Checks of the data sets of a run, against its loaders and its model."""
import logging
import math
from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Sequence

from mmaction.datasets.transforms import CenterCrop, Resize
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.registry import (
    DATA_SAMPLERS,
    DATASETS,
    METRICS,
    MODELS,
    init_default_scope,
)
from torch import nn

from ...datasets import DecodeSmall, VideoList
from ...datasets.base import parts_of
from ...errors import InputError
from ...evaluation.video_features import VideoFeaturesMetric
from ..config import metrics_of
from ..launchers import count_of_ranks
from ..types import is_a, resolved_type


def check_data(cfg: Config, phases: Sequence[str]) -> None:
    """Build the data sets of a config, before a run writes its first file.

    Args:
        cfg (Config): The config.
        phases (Sequence[str]): Those of ``'train'``, ``'val'`` and
            ``'test'`` that will be run; the first must be in the config.

    Raises:
        InputError: If a data set cannot be built, none of the videos of a
            list is there, a crop is larger than the frames it is cut from,
            the training set does not fill one batch or leaves one video to a
            batch where two are needed, or a label is none of the
            classifier's classes, or missing where metrics need it.

    Examples:
        >>> folder = dict(type='VideoFolder', data_root='no', pipeline=[])
        >>> cfg = Config(dict(test_dataloader=dict(dataset=folder)))
        >>> check_data(cfg, ['test'])
        Traceback (most recent call last):
            ...
        ascnet_mm.errors.InputError: there is no folder no
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    if not cfg.get(f'{phases[0]}_dataloader'):
        other = 'test' if phases[0] == 'train' else 'train'
        raise InputError(f'this config is not for tools/{phases[0]}.py but '
                         f'for tools/{other}.py')
    for phase in phases:
        loader = cfg.get(f'{phase}_dataloader')
        if not loader or not isinstance(loader.dataset, dict):
            continue
        with _quiet():
            dataset = DATASETS.build(loader.dataset)
        _check_batches(cfg, phase, len(dataset))
        classes = cfg.model.get('cls_head', {}).get('num_classes')
        labeled = phase != 'train' and _needs_labels(cfg, phase)
        for part in parts_of(dataset):
            # One that wraps another, such as a RepeatDataset, has none.
            if hasattr(part, 'pipeline'):
                _check_crops(phase, part.pipeline.transforms)
            if isinstance(part, VideoList):
                part.require_files()
                if classes:
                    _check_labels(part, classes)
                elif labeled:
                    _check_labeled(part)


def _check_crops(phase: str, transforms: Sequence[Callable]) -> None:
    frames = None
    for transform in transforms:
        if isinstance(transform, DecodeSmall):
            _check_crops(phase, transform.transforms.transforms)
        elif isinstance(transform, Resize):
            frames = _size(phase, transform)
        elif isinstance(transform, CenterCrop) and frames is not None:
            crop = transform.crop_size
            if len(frames) == 1:
                # Which edge is the longer one, only the video knows.
                crop, frames = (min(crop), ) * 2, frames * 2
            if crop[0] > frames[0] or crop[1] > frames[1]:
                raise InputError(
                    f'{phase}_dataloader.dataset.pipeline: a CenterCrop of '
                    f'{crop[0]} x {crop[1]} does not fit into frames that '
                    f'Resize makes {frames[0]} x {frames[1]} at the least: '
                    'set crop_size and scale (or short_side) together')


def _size(phase: str, resize: Resize) -> Optional[tuple]:
    """Width and height that frames get, or their shorter edge alone.

    Raises:
        InputError: If the scale is not two numbers, or one for a factor.
    """
    scale = resize.scale
    if isinstance(scale, (int, float)):  # a factor: the video's size decides
        return None
    if len(scale) != 2 or not all(
            isinstance(edge, (int, float)) for edge in scale):
        raise InputError(
            f'{phase}_dataloader.dataset.pipeline: Resize takes a width and '
            f'a height, not scale={scale}')
    return (min(scale), ) if resize.keep_ratio else tuple(scale)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log no warning: the run builds the data sets again, into its log."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_batches(cfg: Config, phase: str, videos: int) -> None:
    loader = cfg[f'{phase}_dataloader']
    batch = loader.get('batch_size', 1)
    ranks = count_of_ranks(cfg)
    if loader.get('num_batch_per_epoch'):
        videos = min(videos, loader.num_batch_per_epoch * batch * ranks)
    # The sampler gives all ranks as many, some videos twice.
    share = math.ceil(videos / ranks)
    needs_two = (
        phase == 'train' and 1 in (batch, share % batch)
        and _needs_two(cfg, ranks))
    if batch == 1 and needs_two:
        raise InputError(
            'BatchNorm in the heads cannot train on a batch of one: set '
            'train_dataloader.batch_size to 2 or more')
    shared = f', {share} for each of {ranks} ranks' if ranks > 1 else ''
    if loader.get('drop_last') and share < batch:
        smaller = '' if share == 1 and needs_two else (
            f'set batch_size to {share} or less, or ')
        fewer = ', or take fewer ranks' if ranks > 1 else ''
        raise InputError(
            f'the {phase} set has {videos} videos{shared}, fewer than one '
            f'batch of {batch}: {smaller}add videos{fewer}')
    sampler = resolved_type(loader.get('sampler'), DATA_SAMPLERS)
    if (needs_two and not loader.get('drop_last') and share % batch == 1
            and sampler is DefaultSampler):
        raise InputError(
            f'the train set has {videos} videos{shared}, so one is left over '
            f'for the last batch of {batch}, and BatchNorm in the heads '
            'cannot train on it: set train_dataloader.drop_last=True, or '
            'another batch_size')


def _needs_two(cfg: Config, ranks: int) -> bool:
    """Whether each rank's batch has to hold two videos."""
    synced = cfg.get('sync_bn') and ranks > 1 and get_device() != 'cpu'
    return not synced and any(
        isinstance(module, nn.BatchNorm1d)
        for module in MODELS.build(cfg.model).modules())


def _needs_labels(cfg: Config, phase: str) -> bool:
    return any(
        is_a(metric, VideoFeaturesMetric, METRICS)
        for metric in metrics_of(cfg, phase))


def _check_labeled(dataset: VideoList) -> None:
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if info['label'] < 0:
            raise InputError(
                f'{dataset.source}: {info["filename"]} has no label, which '
                'the metrics need of every video: end its line with one')


def _check_labels(dataset: VideoList, classes: int) -> None:
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if not 0 <= info['label'] < classes:
            raise InputError(
                f'{dataset.source}: {info["filename"]} has the label '
                f'{info["label"]}, but the classes count from 0 to '
                f'{classes - 1} (-1: the line has none)')
