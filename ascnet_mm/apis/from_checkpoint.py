"""Configs for the encoder that a checkpoint describes.

Only checkpoints of this package describe their encoder
(:mod:`ascnet_mm.recipe`); for others the config is left unchanged. Options of
the command line take precedence.
"""
import logging
from contextlib import suppress
from typing import Any, Callable, Dict, Optional

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from ..errors import InputError
from ..models.checkpoints import read_checkpoint
from ..models.data_preprocessor import ClipDataPreprocessor
from ..models.recognizer import ActionRecognizer
from ..models.selfsup.base import SelfSupervisedRecognizer, pool
from ..recipe import (
    describes_encoder,
    evaluation_pipeline,
    recipe_in,
    require_registered,
    sees_differences,
)
from ..settings import RUNNER_KEYS
from .config import as_meant, read_config, require_known
from .types import is_a, resolved_type

# The config decides how an encoder is trained further.
OF_TRAINING = ('frozen_stages', 'norm_eval', 'with_cp')


def take_encoder(cfg: Config, checkpoint: str, options: Dict[str,
                                                             Any]) -> None:
    """Make a config build the encoder of a checkpoint, with the same input.

    The rest of its model is left as it is.

    Args:
        cfg (Config): The config of any recognizer; its ``model`` is changed.
        checkpoint (str): Path of the checkpoint.
        options (dict): Dotted keys and values of the command line, which
            are in the config already.

    Raises:
        InputError: If the checkpoint cannot be read, or its encoder sees
            differences of frames, which the config's preprocessor cannot
            make.

    Examples:
        >>> cfg = read_config(
        ...     'ascnet_mm::ascnet/finetune/r18_ucf101.py',
        ...     {})  # doctest: +SKIP
        >>> take_encoder(cfg, 'epoch_200.pth', {})  # doctest: +SKIP
    """
    _take(cfg, checkpoint, options, _take_backbone)


def take_model(cfg: Config, checkpoint: str, options: Dict[str, Any]) -> None:
    """Make a config evaluate what a checkpoint was trained as.

    A model that learns without labels is replaced by the whole model of the
    checkpoint, whatever its method; in any other, :func:`take_encoder`.

    Args:
        cfg (Config): As for :func:`take_encoder`.
        checkpoint (str): Path of the checkpoint.
        options (dict): As for :func:`take_encoder`.

    Raises:
        InputError: As of :func:`take_encoder`.

    Examples:
        >>> cfg = read_config(
        ...     'ascnet_mm::ascnet/retrieval/r18_ucf101.py',
        ...     {})  # doctest: +SKIP
        >>> take_model(cfg, 'epoch_200.pth', {})  # doctest: +SKIP
    """
    if is_a(_model_of(cfg), SelfSupervisedRecognizer, MODELS):
        _take(cfg, checkpoint, options, _take_model)
    else:
        take_encoder(cfg, checkpoint, options)


def _take(cfg: Config, checkpoint: str, options: Dict[str, Any],
          take: Callable[[Config, dict, dict], None]) -> None:
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    content = read_checkpoint(checkpoint)
    try:
        recipe = recipe_in(content)
    except InputError as error:
        if describes_encoder(content):
            print_log(
                f'The encoder is built as the config says, not as '
                f'{checkpoint} does: {error}', 'current', logging.WARNING)
        return
    kinds = [resolved_type(part, MODELS)
             for part in (recipe['backbone'], _model_of(cfg).backbone)]
    if kinds[0] is not kinds[1]:
        # Another protocol is meant; the strict loading says what differs.
        return
    before = cfg.model.to_dict()
    take(cfg, content, recipe)
    # Where the model became another one, not each of its parts is there.
    cfg.merge_from_dict({
        key: value
        for key, value in options.items()
        if key.startswith('model.') and key.split('.')[1] in cfg.model
    })
    if cfg.model.to_dict() != before:
        print_log(
            f'The encoder is built as {checkpoint} says: '
            f'{cfg.model.backbone.to_dict()}', 'current')
    _compare_clips(cfg, recipe)


def _model_of(cfg: Config) -> dict:
    model = cfg.get('model') or {}
    if 'backbone' not in model:
        raise InputError(
            f'{cfg.filename} has no model with a backbone: give the config of '
            'a recognizer')
    return model


def features_config(checkpoint: str) -> Config:
    """A config that computes features as a checkpoint describes.

    Args:
        checkpoint (str): Of ``tools/train.py`` or ``tools/export.py``.

    Returns:
        Config: With a model and a ``test_dataloader`` whose data set has a
        pipeline and no videos yet.

    Raises:
        InputError: If the file does not say how its encoder is built.
    """
    content = read_checkpoint(checkpoint)
    try:
        recipe = recipe_in(content)
    except InputError as error:
        raise InputError(f'{checkpoint}: {error}') from error
    cfg = read_config('ascnet_mm::ascnet/_base_/default_runtime.py', {})
    cfg.model = dict(
        type='EncoderOnly',
        backbone=recipe['backbone'],
        data_preprocessor=recipe['data_preprocessor'])
    cfg.test_dataloader = dict(
        batch_size=8,
        num_workers=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(pipeline=evaluation_pipeline(recipe['pipeline'])))
    cfg.test_cfg = dict(type='TestLoop')
    cfg.work_dir = 'work_dirs/embed'
    return cfg


def read_features_config(config: Optional[str], checkpoint: str,
                         options: Dict[str, Any]) -> Config:
    """The config that computes features with a checkpoint's encoder.

    Args:
        config (str, optional): Path of a config with a protocol of
            evaluation. By default the checkpoint says how clips are taken.
        checkpoint (str): Path of the checkpoint.
        options (dict): Dotted keys and values of the command line.

    Raises:
        InputError: If an option does not fit, or neither says how the
            encoder is built.

    Examples:
        >>> cfg = read_features_config(
        ...     None, 'encoder.pth',
        ...     {'test_dataloader.batch_size': 4})  # doctest: +SKIP
        >>> cfg.model.type, cfg.model.backbone.type  # doctest: +SKIP
        ('EncoderOnly', 'R3D')
    """
    if config is not None:
        cfg = read_config(config, options)
        take_model(cfg, checkpoint, options)
        return cfg
    cfg = features_config(checkpoint)
    for name in options:
        if '.' not in name and name not in RUNNER_KEYS:
            raise InputError(
                f'{name} is a variable of no config: give one before the '
                'checkpoint, or name the place that is meant, as in '
                'test_dataloader.batch_size')
        require_known(name, cfg, checkpoint)
    cfg.merge_from_dict(as_meant(options, cfg, checkpoint))
    return cfg


def _take_model(cfg: Config, content: dict, recipe: dict) -> None:
    model = _model_in(content) or dict(
        type='EncoderOnly',
        backbone=recipe['backbone'],
        data_preprocessor=recipe['data_preprocessor'])
    if 'test_cfg' in cfg.model:
        model['test_cfg'] = cfg.model.test_cfg
    cfg.model = model


def _model_in(content: dict) -> Optional[dict]:
    """The model of the run that wrote a checkpoint, if it can be built."""
    model = (content['meta'].get('settings') or {}).get('model')
    if not model:
        return None
    try:
        model = require_registered(model)
    except InputError as error:
        # The encoder needs no method of somebody's own.
        print_log(f'The encoder is taken alone: {error}', 'current')
        return None
    return model if is_a(model, SelfSupervisedRecognizer, MODELS) else None


def _take_backbone(cfg: Config, content: dict, recipe: dict) -> None:
    built = {
        key: value
        for key, value in recipe['backbone'].items()
        if key not in OF_TRAINING
    }
    kept = {
        key: cfg.model.backbone[key]
        for key in OF_TRAINING if key in cfg.model.backbone
    }
    cfg.model.backbone = {**built, **kept}
    _take_input(cfg, recipe['data_preprocessor'])
    if is_a(cfg.model, ActionRecognizer, MODELS):
        # Where it cannot be tried, the head's own error says what to set.
        with suppress(Exception):
            cfg.model.cls_head.in_channels = feature_channels(
                recipe['backbone'])


def _take_input(cfg: Config, taken: dict) -> None:
    """Let the model's preprocessor make the input that an encoder knows."""
    given = cfg.model.get('data_preprocessor') or {}
    for key in ('mean', 'std'):
        if key in given and key in taken:
            given[key] = taken[key]
    if sees_differences(given):
        del given['difference']
    if sees_differences(taken):
        if not is_a(given, ClipDataPreprocessor, MODELS):
            raise InputError(
                'the encoder of the checkpoint sees differences of frames: '
                "replace the config's model.data_preprocessor by one of the "
                'type ClipDataPreprocessor')
        given['difference'] = taken['difference']


@torch.no_grad()
def feature_channels(backbone: dict) -> int:
    """How many channels the pooled features of an encoder have.

    Args:
        backbone (dict): Config of the encoder.

    Examples:
        >>> feature_channels(dict(type='R3D', depth=18, base_channels=4))
        32
    """
    encoder = MODELS.build(backbone).eval()
    return pool(encoder(torch.zeros(1, 3, 8, 64, 64))).shape[1]


def _compare_clips(cfg: Config, recipe: dict) -> None:
    """Say it if the config's clips are of another length."""
    lengths = [
        next((step['clip_len'] for step in steps if 'clip_len' in step), None)
        for steps in (recipe['pipeline'], _pipeline_of(cfg))
    ]
    if None not in lengths and lengths[0] != lengths[1]:
        print_log(
            f'The encoder was trained on clips of {lengths[0]} frames and '
            f'gets {lengths[1]}: add clip_len={lengths[0]} if that is not '
            'meant', 'current', logging.WARNING)


def _pipeline_of(cfg: Config) -> list:
    loader = cfg.get('train_dataloader') or cfg.get('test_dataloader') or {}
    return loader.get('dataset', {}).get('pipeline') or []
