"""Load an encoder from a file and compute features of videos."""
import hashlib
import math
import os
from contextlib import contextmanager
from copy import deepcopy
from typing import (
    Any,
    Callable,
    Iterable,
    Iterator,
    NamedTuple,
    Optional,
    Sequence,
)

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from .apis import take_model
from .clip_reader import ClipReader, Part, Windows, require_lengths
from .datasets.video import MiscountedVideo, UnreadableVideo
from .errors import InputError
from .models.checkpoints import encoder_weights, read_checkpoint
from .models.selfsup.base import pool
from .recipe import is_of_a_package, recipe_in, recipe_of
from .settings import settings_of
from .shipped import config_path


class ClipFeatures(NamedTuple):
    """Features of the windows of a video.

    Attributes:
        features (Tensor): float32 ``[windows, C]``.
        start (Tensor): When each begins, in seconds; float64 ``[windows]``.
        end (Tensor): When each ends, likewise.

    Examples:
        >>> encoder = load_encoder('epoch_200.pth')  # doctest: +SKIP
        >>> found = encoder.embed_clips('a.mp4')  # doctest: +SKIP
        >>> for feature, start, end in zip(*found):  # doctest: +SKIP
        ...     print(f'{start:.0f} to {end:.0f} s: {feature.norm():.1f}')
        0 to 2 s: 8.3
        1 to 3 s: 8.1
    """
    features: Tensor
    start: Tensor
    end: Tensor


def load_encoder(source: str,
                 checkpoint: Optional[str] = None,
                 device: Optional[str] = None) -> 'VideoEncoder':
    """Load an encoder, including how its clips are made.

    Args:
        source (str): A checkpoint of ``tools/train.py`` (with any of its
            methods) or a file of ``tools/export.py``, which describe how their
            encoder is built; or, with ``checkpoint``, a config of any
            recognizer of MMAction2.
        checkpoint (str, optional): The weights that go with a config. If the
            checkpoint describes its encoder and normalization, these count,
            as in ``tools/test.py``; the config determines the clips.
        device (str, optional): Where it runs. Defaults to a GPU if there is
            one.

    Returns:
        VideoEncoder: In evaluation mode.

    Raises:
        InputError: If the file does not exist, is not a checkpoint, does not
            say how its encoder is built, or contains other weights than it
            says. Code in a checkpoint is not run; code in a config is.

    Examples:
        >>> import ascnet_mm
        >>> encoder = ascnet_mm.load_encoder(
        ...     'epoch_200.pth')  # doctest: +SKIP
        >>> encoder.embed(['a.mp4', 'b.mp4']).shape  # doctest: +SKIP
        torch.Size([2, 512])
    """
    weights = os.fspath(source if checkpoint is None else checkpoint)
    if checkpoint is None and weights.endswith('.py'):
        raise InputError(
            f'{weights} is a config: give the checkpoint after it')
    if checkpoint is None:
        said, find = read_checkpoint(weights), recipe_in
    else:
        cfg = Config.fromfile(config_path(os.fspath(source)))
        with DefaultScope.overwrite_default_scope('mmaction'):
            take_model(cfg, weights, {})
        said, find = settings_of(cfg), recipe_of
    try:
        recipe = find(said)
    except InputError as error:
        raise InputError(f'{weights}: {error}') from error
    return build_encoder(recipe, weights, device)


def build_encoder(recipe: dict,
                  checkpoint: str,
                  device: Optional[str] = None) -> 'VideoEncoder':
    """Build an encoder as a recipe says, with the weights of a checkpoint.

    Args:
        recipe (dict): Of :func:`ascnet_mm.recipe.recipe_of`.
        checkpoint (str): Path of the weights.
        device (str, optional): As for :func:`load_encoder`.

    Returns:
        VideoEncoder: In evaluation mode.

    Raises:
        InputError: If the checkpoint cannot be read, or holds other weights.
    """
    try:
        encoder = VideoEncoder(**recipe)
        _, state = encoder_weights(
            read_checkpoint(checkpoint), encoder.backbone)
    except InputError as error:
        raise InputError(f'{checkpoint}: {error}') from error
    encoder.backbone.load_state_dict(state)
    device = device or get_device()
    try:
        return encoder.to(device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f'the device {device!r} cannot be used: {error}') from error


class VideoEncoder(BaseModel):
    """A trained encoder that takes video files.

    Args:
        backbone (dict): Config of the encoder.
        data_preprocessor (dict): Config of the part that makes its input from
            clips.
        pipeline (list[dict]): Transforms that make clips of a video. Its frame
            sampler determines which clips :meth:`embed` takes; after
            pre-training, these are ten evenly spaced clips at 1x.

    Attributes:
        backbone (nn.Module): The encoder.
        recipe (dict): The three arguments.
        reader (ClipReader): What makes clips of videos.
        clip_len (int): Frames of a clip; for a 2-D encoder (TSN, TSM), as many
            as its pipeline takes of a video.
        interval (int): Distance between neighboring frames of a clip, in
            frames of the video.

    Threads may share it in evaluation mode, not while it is trained.

    Raises:
        InputError: If the pipeline has no sampler of frames.

    Examples:
        >>> encoder = VideoEncoder(
        ...     backbone=dict(type='R3D', depth=18, base_channels=4),
        ...     data_preprocessor=dict(
        ...         type='ActionDataPreprocessor', format_shape='NCTHW'),
        ...     pipeline=[dict(type='SampleFrames', clip_len=8, num_clips=1)])
        >>> encoder.clip_len, encoder(torch.rand(2, 3, 8, 32, 32)).shape
        (8, torch.Size([2, 32]))
    """

    def __init__(self, backbone: dict, data_preprocessor: dict,
                 pipeline: Sequence[dict]) -> None:
        recipe = deepcopy(
            dict(backbone=backbone, data_preprocessor=data_preprocessor,
                 pipeline=pipeline))  # yapf: disable
        # Whatever another OpenMMLab library in this process has set.
        with DefaultScope.overwrite_default_scope('mmaction'):
            super().__init__(data_preprocessor=data_preprocessor)
            if is_of_a_package(backbone['type']):
                # MMAction2 decides which of their layers are taken.
                recognizer = MODELS.build(
                    dict(type='Recognizer2D', backbone=deepcopy(backbone)))
                self.backbone = recognizer.backbone
                self._extract = recognizer.extract_feat
            else:
                self.backbone = MODELS.build(backbone)
                self._extract = None
        self.recipe: dict = recipe
        self.reader = ClipReader(pipeline)
        self.clip_len: int = self.reader.clip_len
        self.interval: int = self.reader.interval
        self.eval()

    def forward(self, clips: Tensor) -> Tensor:
        """Features of clips that are already cut, scaled and normalized.

        Args:
            clips (Tensor): ``[N, 3, T, H, W]``.

        Returns:
            Tensor: ``[N, C]``, averaged over space and time.
        """
        if self._extract is None:
            return pool(self.backbone(clips))
        # [frames, 3, H, W] as clips of one frame
        maps, _ = self._extract(clips[:, None], stage='backbone')
        return pool(maps)

    def embed(self, videos: Iterable[str]) -> Tensor:
        """Features of videos, each averaged over the clips of the video.

        Args:
            videos (Iterable[str]): Paths of the files.

        Returns:
            Tensor: float32 ``[videos, C]``, on the CPU.

        Raises:
            InputError: If one cannot be read; it is named.

        Examples:
            >>> encoder.embed(['a.mp4']).dtype  # doctest: +SKIP
            torch.float32
        """
        if isinstance(videos, (str, os.PathLike)):
            raise InputError(f'embed takes a list of videos: [{videos!r}]')
        rows = [
            _read(os.fspath(video), self._mean_of_clips) for video in videos
        ]
        if not rows:
            raise InputError('there are no videos to embed')
        return torch.stack(rows)

    def _mean_of_clips(self, video: dict) -> Tensor:
        return torch.cat([
            self.encode(part) for part in self.reader.sampled(video)
        ]).mean(dim=0)

    def embed_clips(self,
                    video: str,
                    window: float = 2.0,
                    stride: float = 1.0,
                    start: float = 0.0,
                    end: Optional[float] = None) -> ClipFeatures:
        """Features of the windows of a video, with their times.

        A window's feature is the mean of the features of the clips that lie in
        it side by side, whose frames are :attr:`interval` apart; one clip that
        is longer than a window, or than what is left of the video before
        ``end``, shows frames after it. Windows begin every ``stride`` seconds;
        those at the end may be shorter. Times count from the first frame.

        Args:
            video (str): Path of the file.
            window (float): Seconds. Defaults to 2.
            stride (float): Seconds from the start of one to that of the next.
                Defaults to 1.
            start (float): When the first begins, in seconds. Defaults to 0.
            end (float, optional): When the last ends. Defaults to the end of
                the video.

        Returns:
            ClipFeatures: ``features``, ``start`` and ``end``, on the CPU.

        Raises:
            InputError: If the video cannot be read or has nothing between
                start and end, or a length is not positive.

        Examples:
            >>> found = encoder.embed_clips('a.mp4')  # doctest: +SKIP
            >>> found.start[:3]  # doctest: +SKIP
            tensor([0., 1., 2.], dtype=torch.float64)
        """
        require_lengths(window, stride)
        if not 0 <= start < math.inf:
            raise InputError(
                f'start is a number of seconds, 0 or more, not {start}')
        return _read(
            os.fspath(video),
            lambda file: self._windows(file, window, stride, start, end))

    def _windows(self, *place) -> ClipFeatures:
        parts = self.reader.windows(*place)
        windows = next(parts)
        features = torch.cat([self.encode(part) for part in parts])
        return ClipFeatures(
            mean_of_windows(features, windows),
            torch.from_numpy(windows.start), torch.from_numpy(windows.end))

    def digest(self) -> str:
        """SHA-256 of the encoder's weights and buffers, with their names.

        It is the same whichever file they were loaded from.
        """
        found = hashlib.sha256()
        for name, value in sorted(self.backbone.state_dict().items()):
            found.update(f'{name} {value.dtype} {list(value.shape)}'.encode())
            found.update(
                value.cpu().contiguous().flatten().view(torch.uint8).numpy())
        return found.hexdigest()

    @torch.inference_mode()
    def encode(self, part: Part) -> Tensor:
        """Features of clips that :attr:`reader` has made.

        Args:
            part (Part): Some clips of a video.

        Returns:
            Tensor: float32 ``[clips, C]``, on the CPU; the mean over the
            crops of a clip, and for a 2-D encoder over its frames.
        """
        # MMEngine's does not follow a model that this one is a part of.
        where = next(self.backbone.parameters(), part.inputs).device
        batch = self.data_preprocessor.to(where)(
            dict(inputs=[part.inputs], data_samples=[part.data_sample]),
            False)
        clips = batch['inputs'].flatten(0, 1).contiguous()
        weights = next(self.backbone.parameters(), clips)
        with _evaluated(self):
            features = self(clips.to(weights.dtype)).float()
        # MMAction2 puts the first crops of all clips before the second.
        frames = self.reader.clip_len if clips.ndim == 4 else 1
        return features.view(-1, part.clips, frames, features.shape[1]).mean(
            dim=(0, 2)).cpu()


@contextmanager
def _evaluated(model: nn.Module) -> Iterator[None]:
    """In evaluation mode, also while a model that it is a part of trains."""
    training = [module for module in model.modules() if module.training]
    if training:
        model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def mean_of_windows(features: Tensor, windows: Windows) -> Tensor:
    """Features of windows: the mean of those of the clips in each.

    Args:
        features (Tensor): Of the clips, ``[clips, C]``.
        windows (Windows): W of them.

    Returns:
        Tensor: ``[W, C]``.
    """
    return torch.stack(
        [features[inside].mean(dim=0) for inside in windows.clips])


def _read(path: str, read: Callable[[dict], Any]) -> Any:
    """Read a video, in order where its frames were counted wrong.

    Raises:
        InputError: If it cannot be read.
    """
    video = dict(filename=path, start_index=0, modality='RGB', label=-1)
    try:
        try:
            return read(video)
        except MiscountedVideo:
            return read(dict(video, in_order=True))
    except UnreadableVideo as error:
        raise InputError(f'{path} cannot be read: {error}') from error
