"""the shift of the hue in HSV beside the turn of the chroma plane of YIQ"""
import argparse
import os.path as osp
from typing import Callable, Dict

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from ascnet_mm import InputError
from ascnet_mm.models.preprocessor import RGB_TO_YIQ

from .step import CONFIGS, prepared_planes, waited_for
from .timing import publish, ratio, side_by_side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, whose defaults are those of pre-training."""
    parser.add_argument('--frames', type=int, default=16)
    parser.add_argument(
        '--pixels', type=int, default=112, help='height and width of a clip')
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument(
        '--repeats', type=int, default=7, help='rounds that count')


def run(args: argparse.Namespace) -> None:
    """Time both, and neither, and tell how far each moves the luma.

    Raises:
        InputError: If a size is not positive.
    """
    if min(args.frames, args.pixels, args.batch) < 1:
        raise InputError('colors needs positive sizes: --frames, --pixels, '
                         '--batch')
    init_default_scope('mmaction')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.manual_seed(0)
    planes = prepared_planes(args.batch, args.frames, args.pixels, device)
    shipped = Config.fromfile(osp.join(CONFIGS, 'r18_k400.py'))
    strength = shipped.model.data_preprocessor.augmentation.hue
    settings = {
        'hue': dict(hue=strength),
        'chroma rotation': dict(hue=0., chroma_rotation=strength),
        'neither': dict(hue=0.)
    }
    parts: Dict[str, Callable[[], Tensor]] = {
        name: _augmentation(shipped, planes, device, **options)
        for name, options in settings.items()
    }
    # The kind of change by itself, on the same colors
    alone = {
        name: _augmentation(
            shipped, planes, device, brightness=0., contrast=0.,
            saturation=0., gray_prob=0., jitter_prob=1., **options)()
        for name, options in settings.items()
    }
    moved = {
        name: round((_luma(clips) - _luma(alone['neither'])).abs().mean()
                    .item(), 2)
        for name, clips in alone.items() if name != 'neither'
    }
    seconds = side_by_side(
        {name: waited_for(part, device) for name, part in parts.items()},
        args.repeats)
    publish(
        'colors',
        dict(batch=args.batch, frames=args.frames, pixels=args.pixels,
             strength=strength, device=device, luma_moved_on_noise=moved),
        seconds, [
            ratio('augmentation with hue / with chroma rotation', seconds,
                  'hue', 'chroma rotation'),
            ratio('augmentation with hue / with neither', seconds, 'hue',
                  'neither')
        ], args.out)


def _augmentation(shipped: Config, planes: tuple, device: str,
                  **options: float) -> Callable[[], Tensor]:
    """What makes a batch of the planes, with other colors than shipped."""
    cfg = shipped.model.data_preprocessor.copy()
    cfg.augmentation = dict(cfg.augmentation, **options)
    preprocessor = MODELS.build(cfg).to(device)
    return lambda: preprocessor.preprocess(*planes, training=True)[0]


def _luma(clips: Tensor) -> Tensor:
    """In grey levels of 255, up to the mean; ``[..., T, H, W]``."""
    shipped = Config.fromfile(osp.join(CONFIGS, 'r18_k400.py'))
    std = torch.tensor(shipped.model.data_preprocessor.std).to(clips)
    weights = RGB_TO_YIQ[0].to(clips) * std
    return (clips * weights[:, None, None, None]).sum(dim=-4)
