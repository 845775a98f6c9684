"""From the clips of the loader to the input of the model."""
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmaction.models import ActionDataPreprocessor
from mmaction.registry import MODELS
from mmengine.structures import BaseDataElement
from torch import Tensor

from ...errors import InputError
from ...yuv420 import Yuv420, cut_planes, cuts_of
from .blur import GaussianBlur
from .color import NEUTRAL, ColorJitter
from .copying import copy_aside, copy_together
from .difference import FrameDifference
from .yuv import resize, sample_positions, yuv_to_rgb


@MODELS.register_module()
class ClipDataPreprocessor(ActionDataPreprocessor):
    """Stack clips, augment and normalize them on the device.

    Clips come as RGB frames, or as color planes (``DecodePlanes``,
    ``SampleCrops``) that still have to be resized. In training, the colors of
    each clip are changed independently of other clips, in the same way for all
    of its frames. The draws depend only on the samples' ``sample_seed``. They
    are made on the CPU, and what follows from them goes to the device in one
    copy, so that nothing waits for the device. Data samples stay where they
    are.

    Args:
        mean (Sequence[float]): Channel means in 0 to 255.
        std (Sequence[float]): Channel standard deviations in 0 to 255.
        augmentation (dict, optional): Arguments of :class:`ColorJitter`.
            Defaults to None: none.
        blur (dict, optional): Arguments of :class:`GaussianBlur`. Defaults
            to None: none.
        plain_clips (Sequence[int]): Indices of the clips of a sample, from 0,
            whose colors are not changed and that are not blurred, such as
            those of flow. Defaults to none.
        difference (dict, optional): Arguments of :class:`FrameDifference`,
            taken of normalized frames. Defaults to None: none.

    Examples:
        >>> from mmaction.structures import ActionDataSample
        >>> preprocessor = ClipDataPreprocessor(
        ...     mean=[128] * 3, std=[64] * 3, blur=dict(prob=0.5))
        >>> sample = ActionDataSample(metainfo=dict(sample_seed=7))
        >>> clips = torch.zeros(2, 3, 4, 8, 8, dtype=torch.uint8)
        >>> batch = preprocessor(
        ...     dict(inputs=[clips], data_samples=[sample]), training=True)
        >>> batch['inputs'].shape, batch['inputs'].unique()
        (torch.Size([1, 2, 3, 4, 8, 8]), tensor([-2.]))
    """

    def __init__(self,
                 mean: Sequence[float],
                 std: Sequence[float],
                 augmentation: Optional[dict] = None,
                 blur: Optional[dict] = None,
                 plain_clips: Sequence[int] = (),
                 difference: Optional[dict] = None) -> None:
        super().__init__(mean=mean, std=std, format_shape='NCTHW')
        # From pinned memory the copy to a GPU then overlaps with the step.
        self._non_blocking = True
        self.augmentation = augmentation and ColorJitter(**augmentation)
        self.blur = None if blur is None else GaussianBlur(**blur)
        self.plain_clips = list(plain_clips)
        self.difference = difference and FrameDifference(**difference)
        if self.plain_clips and self.difference and self.difference.prob == 1:
            raise InputError(
                'data_preprocessor.difference with prob=1 would change the '
                f'clips {self.plain_clips} as well, which plain_clips are to '
                'be left as they are: choose one of the two')

    def cast_data(self, data: Any) -> Any:
        """MMEngine's; data samples stay on the CPU, where they are read.

        Tensors go to a GPU on a stream of their own.

        Args:
            data (Any): What the loader gives.

        Returns:
            Any: The same with its tensors on the model's device.
        """
        if isinstance(data, BaseDataElement):
            return data
        if (isinstance(data, Tensor) and data.device.type == 'cpu'
                and self.device.type == 'cuda'):
            return copy_aside(data, self.device)
        return super().cast_data(data)

    def preprocess(self,
                   inputs: Union[Tensor, List[Optional[Tensor]]],
                   data_samples: list,
                   training: bool = False) -> Tuple[Optional[Tensor], list]:
        """Make the model's input of a batch.

        Args:
            inputs (Tensor | list[Tensor | None]): What ``padded_collate``
                makes of all samples: uint8 ``[B, clips, 3, T, H, W]``, or
                cropped planes ``[B, clips, T, 3 H / 2, W]``. Or a list with an
                entry per sample: uint8 ``[clips, 3, T, H, W]``, planes
                ``[clips, T, 3 H / 2, W]``, or None where a video of a test set
                could not be read.
            data_samples (list[ActionDataSample]): Their samples; those of
                planes have the metainfo ``yuv420``, a :class:`Yuv420`.
            training (bool): Whether to augment.

        Returns:
            tuple: float32 ``[B', clips, 3, T, H, W]`` of the B' readable
            samples (None if there are none), each ``[:, clip]`` contiguous;
            and all data samples.

        Raises:
            InputError: If planes come without ``yuv420``, or there is no
                clip of a number in ``plain_clips``.
        """
        samples = data_samples
        if not isinstance(inputs, Tensor):
            readable = [pair for pair in zip(inputs, data_samples)
                        if pair[0] is not None]
            if not readable:
                return None, data_samples
            inputs, samples = zip(*readable)
        cuts = cuts_of(samples) if inputs[0].ndim == 4 else None
        if cuts and not isinstance(inputs, Tensor):
            inputs = cut_planes(inputs, cuts, inputs[0].new_zeros)
        # MMEngine calls this inside autocast, which is for the network.
        with torch.autocast(inputs[0].device.type, enabled=False):
            batch = self._batch(
                inputs, cuts, [s.get('sample_seed') for s in samples],
                training)
        return batch, data_samples

    def _batch(self, inputs: Union[Tensor, Sequence[Tensor]],
               cuts: Optional[Sequence[Yuv420]], seeds: Sequence[int],
               training: bool) -> Tensor:
        count = len(inputs[0])
        plan = copy_together(
            self._plan(inputs, cuts, seeds, training), inputs[0].device)
        clips = (inputs.transpose(0, 1) if isinstance(inputs, Tensor) else
                 torch.stack(list(inputs), dim=1))
        clips = self._rgb(clips, plan)
        clips = clips.sub_(self.mean).div_(self.std)
        if 'difference' in plan:
            clips = self.difference.apply(clips, plan['difference'].bool())
        return clips.unflatten(0, (count, -1)).transpose(0, 1)

    def _plan(self, inputs: Union[Tensor, Sequence[Tensor]],
              cuts: Optional[Sequence[Yuv420]], seeds: Sequence[int],
              training: bool) -> Dict[str, Tensor]:
        """What is to be done with each of N clips: tensors ``[N, ...]``."""
        plan, count, size = {}, len(inputs[0]), inputs[0].shape[-2:]
        if training and max(self.plain_clips, default=-1) >= count:
            raise InputError(
                f'data_preprocessor.plain_clips={self.plain_clips}, but the '
                f'pipeline gives {count} clips of each video: numbers of '
                'clips begin with 0 (for CoCLR, put AppendPairedClip after '
                'DecodePlanes)')
        # Of what is there to RGB from 0 to 1
        color, offset = torch.eye(3) / 255, torch.zeros(3, 1)
        if cuts:
            plan.update(sample_positions(cuts))
            size = cuts[0].scale[::-1]
            color, offset = (
                part.repeat(count, 1, 1) for part in _from_yuv(cuts))
        if training and self.augmentation:
            draws = self.augmentation.draw(seeds, count)
            draws[:, self.plain_clips] = torch.tensor(NEUTRAL)
            draws = draws.transpose(0, 1).flatten(0, 1)
            of_pixel, of_mean = self.augmentation.affine(draws)
            plan['color'] = of_pixel @ color
            plan['mean_color'] = of_mean @ color
            plan['offset'] = (of_pixel + of_mean) @ offset
            if self.augmentation.hue:
                plan['hue'] = draws[..., -1]
        elif cuts:
            plan['color'], plan['offset'] = color, offset
        for name in ('color', 'mean_color', 'offset'):
            if name in plan:
                plan[name] = 255 * plan[name]
        if training and self.blur:
            sigmas = self.blur.draw(seeds, count)
            sigmas[:, self.plain_clips] = 0
            sigmas = sigmas.T.flatten()
            plan['blur_down'], plan['blur_across'] = (
                self.blur.kernels(sigmas, length) for length in size)
        if self.difference and self.difference.prob == 1:
            plan['difference'] = torch.ones(count * len(inputs))
        elif self.difference and training:
            chosen = torch.from_numpy(self.difference.draw(seeds, count))
            chosen[:, self.plain_clips] = False
            plan['difference'] = chosen.T.flatten().float()
        return plan

    def _rgb(self, clips: Tensor, plan: Dict[str, Tensor]) -> Tensor:
        """RGB in 0 to 255, float32 ``[N, 3, T, H, W]``: the first clips of
        all samples, then the second ones, ...
        """
        if 'across' in plan:
            clips = resize(clips, plan['across'], plan['down'])
        else:
            # A copy, also of a batch that comes in float32
            clips = clips.to(
                torch.float32,
                copy=True,
                memory_format=torch.contiguous_format).flatten(0, 1)
        if 'color' in plan:
            pixels, offset = clips.flatten(2), plan['offset']
            if 'mean_color' in plan:
                offset = torch.baddbmm(offset, plan['mean_color'],
                                       pixels.mean(dim=2, keepdim=True))
            pixels = torch.baddbmm(offset, plan['color'], pixels)
            clips = pixels.clamp_(0, 255).view_as(clips)
        if 'hue' in plan:
            self.augmentation.shift_hue_(clips.flatten(2), plan['hue'])
        if 'blur_down' in plan:
            clips = self.blur.apply(
                clips, plan['blur_down'], plan['blur_across'])
        return clips


def _from_yuv(cuts: Sequence[Yuv420]) -> Tuple[Tensor, Tensor]:
    """Matrices ``[B, 3, 3]`` and offsets ``[B, 3, 1]`` of YUV to RGB."""
    maps = [yuv_to_rgb(of.coding.bt709, of.coding.full_range) for of in cuts]
    matrices, offsets = zip(*maps)
    return torch.stack(matrices), torch.stack(offsets)
