"""The training step, beside its encoder's passes and the same in float32."""
import json
from typing import Any, Callable, Dict, NamedTuple, Optional

import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch import nn

from ..datasets.base import seeded
from ..device import computes_in_bfloat16
from ..errors import InputError
from ..models import ASCNet
from ..models.memory_bank import BankEntries
from ..shipped import config_path
from ..yuv420 import ColorCoding, cut_planes, cuts_of
from .pretend_gpu import process
from .timing import publish, ratio, side_by_side

# The config of each encoder, and its feature's dimension over its width.
ENCODERS = dict(
    R3D=('r18_k400.py', 8),
    R2Plus1D=('r2plus1d_k400.py', 8),
    S3DG=('s3dg_k400.py', 16))
SPEEDS = (1, 2)


class Sizes(NamedTuple):
    """A model and its batch.

    Attributes:
        encoder (str): One of ``ENCODERS``.
        base_channels (int): Width of the encoder.
        frames (int): Of a clip.
        pixels (int): Height and width of a clip.
        batch (int): Pairs of clips.
    """
    encoder: str
    base_channels: int
    frames: int
    pixels: int
    batch: int


def run(encoder: str, base_channels: int, frames: int, pixels: int,
        batch: Optional[int], dtype: str, repeats: int, out: str) -> None:
    """Time the step and its parts; write ``step.json``.

    Launches and waits are those of a pretend GPU. A real one also runs the
    step where a wait is an error.

    Args:
        encoder (str): One of ``ENCODERS``.
        base_channels (int): Width of the encoder.
        frames (int): Of a clip.
        pixels (int): Height and width of a clip.
        batch (int, optional): Pairs of clips; None for what suits the device.
        dtype (str): ``'default'`` or ``'float32'``, as of :class:`Step`.
        repeats (int): Rounds that count.
        out (str): Folder of the file.

    Raises:
        InputError: If a size is not positive, or the batch cannot be
            normalized.
    """
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    if batch is None:
        batch = 64 if device == 'cuda' else 8
    if min(base_channels, frames, pixels) < 1 or batch < 2:
        raise InputError('the step needs positive sizes and 2 clips or more: '
                         '--base-channels, --frames, --pixels, --batch')
    init_default_scope('mmaction')
    # As MMEngine's runner does for the configs' env_cfg.
    torch.backends.cudnn.benchmark = True
    sizes = Sizes(encoder, base_channels, frames, pixels, batch)
    step = Step(sizes, device, dtype)
    plain = Step(sizes, device, 'float32')
    plain.model.load_state_dict(step.model.state_dict())
    seconds = side_by_side(
        {
            name: waited_for(part, device)
            for name, part in {
                'step': step.whole,
                'encoder': step.encoder,
                'memory bank': step.memory_bank,
                'augmentation': step.augmentation,
                'step in float32': plain.whole,
            }.items()
        }, repeats)
    on_gpu = device == 'cuda'
    counted = count(sizes, dtype)
    publish(
        'step',
        dict(sizes._asdict(), dtype=dtype, repeats=repeats, device=device,
             bank_size=step.model.memory_bank.size,
             bfloat16=dtype == 'default' and computes_in_bfloat16(device)),
        seconds, [
            ratio('step / both forward passes and the backward pass',
                  seconds, 'step', 'encoder',
                  f'<= {1.05 if on_gpu else 1.08}'),
            ratio('step in float32 / step', seconds, 'step in float32', 'step',
                  f'>= {3 if on_gpu else 1.8}'),
            ratio('search and entry of the memory bank / step', seconds,
                  'memory bank', 'step', '<= 0.02'),
            ratio('augmentation / (step and augmentation)',
                  dict(seconds, both=[
                      sum(both) for both in zip(seconds['augmentation'],
                                                seconds['step'])
                  ]), 'augmentation', 'both',
                  f'<= {0.05 if on_gpu else 0.08}')
        ], out, on_a_pretend_gpu=counted,
        sync_debug=sync_debug(step.whole) if on_gpu else 'not run: no GPU')


def count(sizes: Sizes, dtype: str) -> Dict[str, Any]:
    """Print what :func:`.pretend_gpu.step.count` returns, and return it.

    Nothing where this torch has no pretend GPU.
    """
    try:
        counted = process.run('ascnet_mm.benchmarking.pretend_gpu.step',
                              json.dumps(sizes._asdict()), dtype)
    except process.Unavailable as reason:
        print(f'launches and waits were not counted: {reason}')
        return {}
    shown = Table('on a pretend GPU', 'launches', 'waits')
    for name, part in counted.items():
        shown.add_row(name, str(part['launches']), str(len(part['waits'])))
    Console().print(shown)
    return counted


def sync_debug(part: Callable[[], None]) -> str:
    """Run a part on a GPU in the mode in which a wait is an error.

    Returns:
        str: ``'no wait'``, or the error.
    """
    mode = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode('error')
    try:
        part()
    except RuntimeError as error:
        if 'synchronizing' not in str(error):
            raise
        return str(error)
    finally:
        torch.cuda.set_sync_debug_mode(mode)
    return 'no wait'


class Step:
    """A model on one ready batch, as a shipped config trains it.

    The batch is what the preprocessor returns: augmentation is no part of
    the step, but timed beside it. The banks of both speeds are full.

    Args:
        sizes (Sizes): Encoder, clips and batch.
        device (str): ``'cpu'`` or ``'cuda'``.
        dtype (str): ``'default'`` for the config's optimizer wrapper,
            ``'float32'`` for MMEngine's plain one.
    """

    def __init__(self, sizes: Sizes, device: str, dtype: str) -> None:
        config, widening = ENCODERS[sizes.encoder]
        cfg = Config.fromfile(config_path(f'ascnet_mm::ascnet/{config}'))
        cfg.model.backbone.base_channels = sizes.base_channels
        for head in (cfg.model.acp_head, cfg.model.scp_head):
            head.in_channels = widening * sizes.base_channels
        if dtype == 'float32':
            cfg.optim_wrapper.type = 'OptimWrapper'
        torch.manual_seed(0)
        self.model: ASCNet = MODELS.build(cfg.model).to(device).train()
        self.optim_wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)
        # Clips of both speeds, each contiguous.
        self.clips = torch.randn(
            2, sizes.batch, 3, sizes.frames, sizes.pixels, sizes.pixels,
            device=device).transpose(0, 1)
        self.samples = [
            ActionDataSample(metainfo=dict(
                speeds=SPEEDS[::1 if index % 2 else -1],
                video_id=-1 - index))
            for index in range(sizes.batch)
        ]
        self.planes = prepared_planes(
            sizes.batch, sizes.frames, sizes.pixels, device)
        size = self.model.memory_bank.size
        for speed in SPEEDS:
            self.model.memory_bank.enqueue(
                self._entries(torch.full((size, ), speed),
                              torch.arange(size)))
        self.entries = self._entries(
            torch.tensor([sample.speeds[1] for sample in self.samples]),
            torch.tensor([sample.video_id for sample in self.samples]))

    def _entries(self, speeds: torch.Tensor,
                 video_ids: torch.Tensor) -> BankEntries:
        dim = self.model.acp_head.projection[-1].out_features
        appearance, motion = nn.functional.normalize(
            torch.randn(2, len(speeds), dim, device=self.clips.device), dim=2)
        return BankEntries(appearance, motion, speeds, video_ids)

    def augmentation(self) -> None:
        """From color planes to the batch: crops, colors, normalization."""
        self.model.data_preprocessor.preprocess(*self.planes, training=True)

    def whole(self) -> None:
        """From the batch to the moved target network and the filled bank."""
        model = self.model
        with self.optim_wrapper.optim_context(model):
            losses = model.loss(self.clips, self.samples)
        total, _ = model.parse_losses(losses)
        self.optim_wrapper.update_params(total)
        model.update_target(0.996)
        model.memory_bank.enqueue(model.take_bank_entries())

    def encoder(self) -> None:
        """What no method of two networks can do without."""
        model = self.model
        with self.optim_wrapper.optim_context(model):
            with torch.no_grad():
                model.encode(self.clips[:, 1], model.target_backbone)
            features = model.encode(self.clips[:, 0], model.backbone)
        features.float().square().mean().backward()
        self.optim_wrapper.zero_grad()

    def memory_bank(self) -> None:
        """The search for every clip, and the entry of as many."""
        bank, entries = self.model.memory_bank, self.entries
        bank.search(entries.appearance, entries.speeds, entries.video_ids)
        bank.enqueue(entries)


def prepared_planes(batch: int, frames: int, pixels: int,
                    device: str) -> tuple:
    """A batch as it comes from prepared videos, on the device.

    The same in every call.

    Args:
        batch (int): Number of pairs of clips.
        frames (int): Of a clip.
        pixels (int): Height and width that clips are cut to.
        device (str): ``'cpu'`` or ``'cuda'``.

    Returns:
        tuple: Inputs and data samples, as ``padded_collate`` makes them.
    """
    # An eighth more than is shown, 4 by 3, in even numbers
    height = max(4, pixels * 8 // 7 // 2 * 2)
    width = height * 4 // 3 // 2 * 2
    draw = TRANSFORMS.build(
        dict(type='SampleCrops', scale=(pixels, pixels),
             area_range=(0.4, 1.0), flip_ratio=0.5))  # yapf: disable
    coding = ColorCoding(bt709=False, full_range=False, siting=(0., 0.5))
    samples = []
    with seeded(0):
        clips = torch.randint(
            0, 256, (2, frames, height * 3 // 2, width), dtype=torch.uint8)
        for index in range(batch):
            drawn = draw(dict(img_shape=(height, width), num_clips=2,
                              color_coding=coding))
            samples.append(ActionDataSample(metainfo=dict(
                yuv420=drawn['yuv420'], sample_seed=index)))
    planes = cut_planes([clips] * batch, cuts_of(samples), clips.new_zeros)
    return planes.to(device), samples


def waited_for(part: Callable[[], None], device: str) -> Callable[[], None]:
    """The part and the wait for its device."""

    def run() -> None:
        part()
        if device == 'cuda':
            torch.cuda.synchronize()

    return run
