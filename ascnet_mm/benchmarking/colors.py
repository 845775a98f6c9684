"""The shift of the hue in HSV beside the turn of the chroma plane of YIQ."""
from typing import Callable, Dict

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from ..errors import InputError
from ..models.data_preprocessor.color import RGB_TO_YIQ
from ..shipped import config_path
from .step import prepared_planes, waited_for
from .timing import publish, ratio, side_by_side

CONFIG = 'ascnet_mm::ascnet/r18_k400.py'


def run(frames: int, pixels: int, batch: int, repeats: int, out: str) -> None:
    """Time both, and neither, and tell how far each moves the luma.

    Args:
        frames (int): Of a clip.
        pixels (int): Height and width of a clip.
        batch (int): Pairs of clips.
        repeats (int): Rounds that count.
        out (str): Folder of ``colors.json``.

    Raises:
        InputError: If a size is not positive.
    """
    if min(frames, pixels, batch) < 1:
        raise InputError('colors needs positive sizes: --frames, --pixels, '
                         '--batch')
    init_default_scope('mmaction')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    planes = prepared_planes(batch, frames, pixels, device)
    shipped = Config.fromfile(config_path(CONFIG))
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
        repeats)
    publish(
        'colors',
        dict(batch=batch, frames=frames, pixels=pixels,
             strength=strength, device=device, luma_moved_on_noise=moved),
        seconds, [
            ratio('augmentation with hue / with chroma rotation', seconds,
                  'hue', 'chroma rotation'),
            ratio('augmentation with hue / with neither', seconds, 'hue',
                  'neither')
        ], out)


def _augmentation(shipped: Config, planes: tuple, device: str,
                  **options: float) -> Callable[[], Tensor]:
    """What makes a batch of the planes, with other colors than shipped."""
    cfg = shipped.model.data_preprocessor.copy()
    cfg.augmentation = dict(cfg.augmentation, **options)
    preprocessor = MODELS.build(cfg).to(device)
    return lambda: preprocessor.preprocess(*planes, training=True)[0]


def _luma(clips: Tensor) -> Tensor:
    """In gray levels of 255, up to the mean; ``[..., T, H, W]``."""
    shipped = Config.fromfile(config_path(CONFIG))
    std = torch.tensor(shipped.model.data_preprocessor.std).to(clips)
    weights = RGB_TO_YIQ[0].to(clips) * std
    return (clips * weights[:, None, None, None]).sum(dim=-4)
