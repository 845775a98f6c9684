"""Load an encoder from a file and compute features of videos."""
import os
from typing import (
    Any,
    Callable,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

import numpy as np
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor

from .datasets.video import MiscountedVideo, UnreadableVideo
from .errors import InputError
from .models.checkpoints import encoder_weights, read_checkpoint
from .models.selfsup.base import pool
from .recipe import evaluation_pipeline, recipe_in, recipe_of
from .settings import settings_of
from .shipped import config_path

# Clips that are decoded and encoded at a time (ours); no feature depends on
# it.
AT_ONCE = 10


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
        source (str): A checkpoint of ``tools/train.py`` (of any of its
            methods) or a file of ``tools/export.py``, which say themselves
            how the encoder is built; or, with ``checkpoint``, a config of
            any recognizer of MMAction2.
        checkpoint (str, optional): The weights that go with a config.
        device (str, optional): Where it runs. Defaults to a GPU if there is
            one.

    Returns:
        VideoEncoder: In evaluation mode.

    Raises:
        InputError: If the file does not exist, is no checkpoint, does not say
            how its encoder is built, or holds other weights than it says. No
            code of a checkpoint is run; that of a config is.

    Examples:
        >>> import ascnet_mm
        >>> encoder = ascnet_mm.load_encoder(
        ...     'epoch_200.pth')  # doctest: +SKIP
        >>> encoder.embed(['a.mp4', 'b.mp4']).shape  # doctest: +SKIP
        torch.Size([2, 512])
    """
    weights = source if checkpoint is None else checkpoint
    content = read_checkpoint(os.fspath(weights))
    try:
        if checkpoint is None:
            recipe = recipe_in(content)
        else:
            cfg = Config.fromfile(config_path(os.fspath(source)))
            recipe = recipe_of(settings_of(cfg))
        encoder = VideoEncoder(**recipe)
        _, state = encoder_weights(content, encoder.backbone)
    except InputError as error:
        raise InputError(f'{weights}: {error}') from error
    encoder.backbone.load_state_dict(state)
    return encoder.to(device or get_device())


class VideoEncoder(BaseModel):
    """A trained encoder that takes video files.

    Args:
        backbone (dict): Config of the encoder.
        data_preprocessor (dict): Config of what makes its input of clips.
        pipeline (list[dict]): Transforms that make clips of a video. Its
            sampler of frames says which clips :meth:`embed` takes; after
            pre-training, these are ten clips at 1x and at even distances.

    Attributes:
        backbone (nn.Module): The encoder.
        clip_len (int): Frames of a clip.
        interval (int): Frames of the video from one of a clip to the next.

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
        # Whatever another OpenMMLab library in this process has set.
        with DefaultScope.overwrite_default_scope('mmaction'):
            super().__init__(data_preprocessor=data_preprocessor)
            self.backbone = MODELS.build(backbone)
            transforms = [
                TRANSFORMS.build(step)
                for step in evaluation_pipeline(pipeline)
            ]
        place = _place_of_sampler(transforms)
        self._open = Compose(transforms[:place])
        self._finish = Compose(transforms[place + 1:])
        sampler = transforms[place]
        self._sampler = sampler
        self.clip_len: int = sampler.clip_len
        self.interval: int = getattr(sampler, 'frame_interval', 1)
        self.eval()

    def forward(self, clips: Tensor) -> Tensor:
        """Features of clips that are already cut, scaled and normalized.

        Args:
            clips (Tensor): ``[N, 3, T, H, W]``.

        Returns:
            Tensor: ``[N, C]``, averaged over space and time.
        """
        return pool(self.backbone(clips))

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
        results = self._sampler(self._open(dict(video)))
        results['video_reader'].close()
        frames = results['frame_inds'].reshape(results['num_clips'], -1)
        return self._features(video, frames).mean(dim=0)

    def embed_clips(self,
                    video: str,
                    window: float = 2.0,
                    stride: float = 1.0) -> ClipFeatures:
        """Features of the windows of a video, with their times.

        A window's feature is the mean of those of the clips that lie in it
        side by side, at the speed of :attr:`interval`. Windows begin every
        ``stride`` seconds; those at the end may be shorter.

        Args:
            video (str): Path of the file.
            window (float): Seconds. Defaults to 2.
            stride (float): Seconds from the start of one to that of the next.
                Defaults to 1.

        Returns:
            ClipFeatures: ``features``, ``start`` and ``end``, on the CPU.

        Raises:
            InputError: If the video cannot be read, or a length is not
                positive.

        Examples:
            >>> found = encoder.embed_clips('a.mp4')  # doctest: +SKIP
            >>> found.start[:3]  # doctest: +SKIP
            tensor([0., 1., 2.], dtype=torch.float64)
        """
        if not (window > 0 and stride > 0):
            raise InputError('window and stride are positive numbers of '
                             f'seconds, not {window} and {stride}')
        return _read(
            os.fspath(video),
            lambda file: self._windows(file, window, stride))

    def _windows(self, video: dict, window: float,
                 stride: float) -> ClipFeatures:
        reader = self._open(dict(video))['video_reader']
        reader.close()
        times, duration = reader.times, reader.duration
        # What a float is off makes no window more.
        start = np.arange(
            0, max(duration - window - 1e-6, 0) + stride, stride)
        start = start[start < duration]
        end = np.minimum(start + window, duration)
        # A frame belongs to the window in which it is shown first.
        bounds = np.searchsorted(times, np.stack([start, end]) - 1e-6)
        places = [
            self._side_by_side(int(first), int(last), len(times))
            for first, last in bounds.T
        ]
        unique = sorted(set().union(*places))
        steps = np.arange(self.clip_len) * self.interval
        # A video shorter than a clip is played in a loop.
        frames = (np.array(unique)[:, None] + steps) % len(times)
        rows = dict(zip(unique, self._features(video, frames)))
        features = [
            torch.stack([rows[place] for place in clips]).mean(dim=0)
            for clips in places
        ]
        return ClipFeatures(
            torch.stack(features), torch.from_numpy(start),
            torch.from_numpy(end))

    def _side_by_side(self, first: int, last: int, total: int) -> List[int]:
        """Where clips begin that fill frames first to last - 1 evenly."""
        span = (self.clip_len - 1) * self.interval + 1
        count = max(1, round((last - first) / span))
        # A clip that does not fit before the end of the video begins earlier.
        latest = max(0, total - span)
        starts = np.linspace(first, max(first, last - span), count)
        return np.minimum(starts.round().astype(int), latest).tolist()

    @torch.inference_mode()
    def _features(self, video: dict, frames: np.ndarray) -> Tensor:
        """Features ``[clips, C]`` of the frames ``[clips, T]`` of a video."""
        parts = []
        for chosen in np.split(frames, range(AT_ONCE, len(frames), AT_ONCE)):
            results = self._open(dict(video))
            results.update(
                frame_inds=chosen.ravel(),
                clip_len=self.clip_len,
                frame_interval=self.interval,
                num_clips=len(chosen))
            packed = self._finish(results)
            batch = self.data_preprocessor(
                dict(
                    inputs=[packed['inputs']],
                    data_samples=[packed['data_samples']]), False)
            clips = batch['inputs'].flatten(0, 1).contiguous()
            features = self(clips).float()
            # MMAction2 puts the first crops of all clips before the second.
            parts.append(
                features.view(-1, len(chosen), features.shape[1]).mean(dim=0))
        return torch.cat(parts).cpu()


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


def _place_of_sampler(transforms: list) -> int:
    for place, transform in enumerate(transforms):
        if hasattr(transform, 'clip_len') and not hasattr(
                transform, 'transforms'):
            return place
    raise InputError('its pipeline has no transform that samples clips, such '
                     'as SampleFrames')
