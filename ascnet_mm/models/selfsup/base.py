"""Base classes of the self-supervised recognizers."""
from abc import abstractmethod
from copy import deepcopy
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import torch
from mmaction.models.recognizers import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from ...errors import InputError
from ...scope import ensure_scope
from ..checkpoints import require_same_encoder
from ..memory_bank import BankEntries, MemoryBank, concat_entries
from ..memory_format import for_convolutions

# A part of a model, or its config
Part = Union[dict, nn.Module]


class SelfSupervisedRecognizer(BaseRecognizer):
    """An encoder, heads that train it, and its pooled features.

    A subclass defines in :meth:`loss` how its heads train the encoder.
    Features, evaluation and the names in a checkpoint are the same for all of
    them: the encoder is stored under ``backbone.*``, as in every recognizer of
    MMAction2.

    Args:
        backbone (dict | nn.Module): The encoder or its config: any backbone
            of MMAction2 that takes clips ``[N, 3, T, H, W]``.
        heads (dict[str, dict | nn.Module]): The heads or their configs, by
            the names they get in the model; each has ``in_channels``.
        test_cfg (dict, optional): ``max_testing_views`` limits how many clips
            go through the preprocessor and the encoder at a time in
            :meth:`test_step`, and through the encoder in :meth:`predict`, as
            in MMAction2's ``Recognizer3D``. Defaults to None.
        data_preprocessor (dict, optional): Config of the preprocessor.

    Attributes:
        online_features (Tensor, optional): The latest output of the online
            encoder in training, ``[N, C]``, without gradient.
    """

    def __init__(self,
                 backbone: Part,
                 heads: Dict[str, Part],
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None) -> None:
        ensure_scope()
        if isinstance(backbone, nn.Module):
            # MMAction2 takes a config alone.
            backbone = dict(type=_as_it_is, module=backbone)
        super().__init__(
            backbone=backbone, test_cfg=test_cfg,
            data_preprocessor=data_preprocessor)
        # MMAction2's encoders freeze their stages here, which has to happen
        # before distributed training counts the parameters.
        self.backbone.train()
        self._head_names = tuple(heads)
        for name, head in heads.items():
            setattr(self, name, built(head))
        self.online_features: Optional[Tensor] = None

    @property
    @abstractmethod
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: What a step costs, per sample.

        ``forward`` is how often a clip goes through an encoder (online or
        target), and ``backward`` how often a gradient is propagated back.
        """

    # ------------------------------------------------------------ features

    def encode(self, clips: Tensor, backbone: nn.Module) -> Tensor:
        """Pooled features of clips.

        Args:
            clips (Tensor): ``[N, 3, T, H, W]``.
            backbone (nn.Module): Online or target encoder.

        Returns:
            Tensor: ``[N, C]``, the output of the final average pooling
            (section A).

        Raises:
            InputError: If C is not what the heads expect.
        """
        features = pool(backbone(for_convolutions(clips)))
        self._require_channels(features, backbone)
        if self.training and backbone is self.backbone:
            self.online_features = features.detach()
        return features

    def encode_clips(self, inputs: Tensor) -> Tensor:
        """Pooled features of all clips, in one batch of the online encoder.

        BatchNorm sees all clips together.

        Args:
            inputs (Tensor): ``[B, clips, 3, T, H, W]``.

        Returns:
            Tensor: ``[B, clips, C]``.

        Raises:
            InputError: As of :meth:`encode`.
        """
        # All first clips, then all second ones, as they lie in memory
        x = self.encode(inputs.transpose(0, 1).flatten(0, 1), self.backbone)
        return x.unflatten(0, (inputs.shape[1], -1)).transpose(0, 1)

    def encode_map(self, clips: Tensor) -> Tensor:
        """Output of the online encoder for clips, before any pooling.

        Args:
            clips (Tensor): ``[N, 3, T, H, W]``.

        Returns:
            Tensor: ``[N, C, T', H', W']``.

        Raises:
            InputError: If C is not what the heads expect, or the encoder
                gives no such features.
        """
        features = self.backbone(for_convolutions(clips))
        if not isinstance(features, Tensor) or features.ndim != 5:
            raise InputError(
                f'{type(self).__name__} takes features of places and frames, '
                f'[N, C, T, H, W], which {type(self.backbone).__name__} does '
                'not give: choose a convolutional encoder without pooling')
        self._require_channels(features, self.backbone)
        if self.training:
            self.online_features = pool(features.detach())
        return features

    def _require_channels(self, features: Tensor,
                          backbone: nn.Module) -> None:
        for name, part in self._readers().items():
            expected = part.in_channels
            if features.shape[1] != expected:
                raise InputError(
                    f'the encoder {type(backbone).__name__} gives features of '
                    f'dimension {features.shape[1]}, '
                    f'model.{name}.in_channels is {expected}: make them equal')

    def _readers(self) -> Dict[str, nn.Module]:
        """What reads the encoder's features, by its name in the model."""
        return {name: getattr(self, name) for name in self._head_names}

    def extract_feat(self, inputs: Tensor, **kwargs) -> Tuple[Tensor, dict]:
        """Features of every clip from the online encoder.

        Args:
            inputs (Tensor): ``[B, clips, 3, T, H, W]``.

        Returns:
            tuple[Tensor, dict]: Features ``[B, clips, C]``, and the empty
            dict that MMAction2's interface asks for.
        """
        clips = inputs.flatten(0, 1)
        at_once = (self.test_cfg or {}).get('max_testing_views', len(clips))
        features = torch.cat([
            self.encode(part, self.backbone) for part in clips.split(at_once)
        ])
        return features.view(*inputs.shape[:2], -1), {}

    def test_step(self, data: dict) -> List[ActionDataSample]:
        """Predict a batch of the loader.

        With ``max_testing_views``, at most that many clips, but at least one
        of each video, are also preprocessed at a time: in single precision
        they take at least four times the memory of what the loader gives.

        Args:
            data (dict): ``inputs`` and ``data_samples``, as for the
                preprocessor.

        Returns:
            list[ActionDataSample]: As of :meth:`predict`.

        Raises:
            InputError: If the videos have different numbers of clips.
        """
        counts = [len(clips) for clips in data['inputs'] if clips is not None]
        if len(set(counts)) > 1:
            raise InputError(
                f'the videos of a batch have {min(counts)} to {max(counts)} '
                'clips, and a batch needs as many of each: set '
                'test_dataloader.batch_size=1')
        views = (self.test_cfg or {}).get('max_testing_views')
        if views is None or sum(counts) <= views:
            return super().test_step(data)
        features = []
        for part in _split(data, counts[0], max(1, views // len(counts))):
            part = self.data_preprocessor(part, False)
            features.append(self.extract_feat(part['inputs'])[0])
        samples = self.data_preprocessor.cast_data(data['data_samples'])
        return self._hand_out(torch.cat(features, dim=1), samples)

    def val_step(self, data: dict) -> List[ActionDataSample]:
        """The same as :meth:`test_step`."""
        return self.test_step(data)

    def predict(self, inputs: Optional[Tensor],
                data_samples: List[ActionDataSample],
                **kwargs) -> List[ActionDataSample]:
        """Store the output of :meth:`read_out` for a video in its data sample.

        Args:
            inputs (Tensor, optional): Clips of the readable videos,
                ``[B', clips, 3, T, H, W]``; None if there are none.
            data_samples (list[ActionDataSample]): All B samples; those with
                the metainfo ``readable=False`` have no clips.

        Returns:
            list[ActionDataSample]: With the fields, float32
            ``[clips, ...]``, on the readable ones.
        """
        if inputs is None:
            return data_samples
        features, _ = self.extract_feat(inputs)
        return self._hand_out(features, data_samples)

    def _hand_out(self, features: Tensor, data_samples: List[ActionDataSample]
                  ) -> List[ActionDataSample]:
        readable = [s for s in data_samples if s.get('readable', True)]
        for field, rows in self.read_out(features).items():
            for sample, row in zip(readable, rows.float()):
                sample.set_field(row, field)
        return data_samples

    def read_out(self, features: Tensor) -> Dict[str, Tensor]:
        """What an evaluation can use, by the name of the field.

        Args:
            features (Tensor): ``[B, clips, C]``.

        Returns:
            dict[str, Tensor]: ``clip_features``, those of the encoder.
        """
        return dict(clip_features=features)

    # ------------------------------------------------------------- loading

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        require_same_encoder(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


class TargetNetworkRecognizer(SelfSupervisedRecognizer):
    """Adds a target network, a moving average of the online network.

    The target network consists of the encoder, as ``target_backbone``, and the
    projection of each head, a :class:`TargetHead`. It receives no gradient;
    :class:`MomentumUpdateHook` updates it.

    Args:
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Attributes:
        steps_per_update (int): Number of training steps after which, at the
            latest, the target has to be updated. The hook sets it to the
            number of accumulated gradients; without the hook, it is 1.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.target_backbone = deepcopy(self.backbone).requires_grad_(False)
        self.steps_per_update = 1
        self._steps_since_update = 0

    def forward(self,
                inputs: Tensor,
                data_samples: Optional[List[ActionDataSample]] = None,
                mode: str = 'tensor',
                **kwargs) -> Any:
        """MMAction2's method; refuses a training step if a hook is missing.

        Raises:
            InputError: If ``mode='loss'`` and a hook has not done what was due
                after the previous step.
        """
        if mode == 'loss':
            self._require_hooks()
        return super().forward(inputs, data_samples, mode, **kwargs)

    def _require_hooks(self) -> None:
        """Refuse a step if the target should have moved and has not.

        Raises:
            InputError: If so.
        """
        if self._steps_since_update >= self.steps_per_update:
            raise hook_missing('the target network has not moved',
                               'momentum_update', 'MomentumUpdateHook')
        self._steps_since_update += 1

    def init_weights(self) -> None:
        """Initialize the online network and start the target as its copy."""
        super().init_weights()
        self.reset_target()

    @torch.no_grad()
    def reset_target(self) -> None:
        """Copy the online weights to the target network (line 2)."""
        for target, online in self._networks():
            target.load_state_dict(online.state_dict())

    @torch.no_grad()
    def update_target(self, momentum: float) -> None:
        """Move the target network's parameters (line 22).

        xi <- momentum * xi + (1 - momentum) * theta. The target's BatchNorm
        layers keep the running statistics of their own inputs.

        Args:
            momentum (float): Share of the old value, 0 to 1.
        """
        self._steps_since_update = 0
        for target, online in self._networks():
            torch._foreach_lerp_(
                list(target.parameters()), list(online.parameters()),
                1 - momentum)

    def read_out(self, features: Tensor) -> Dict[str, Tensor]:
        """Features, and what the online projections make of them.

        Args:
            features (Tensor): ``[B, clips, C]``.

        Returns:
            dict[str, Tensor]: ``clip_features``, and for each head HEAD its
            ``HEAD_projection``, ``[B, clips, D]``.
        """
        fields = super().read_out(features)
        for name in self._head_names:
            projected = getattr(self, name).projection(features.flatten(0, 1))
            fields[f'{name}_projection'] = projected.view(
                *features.shape[:2], -1)
        return fields

    def _networks(self) -> List[Tuple[nn.Module, nn.Module]]:
        heads = [getattr(self, name) for name in self._head_names]
        return [(self.target_backbone, self.backbone)] + [
            (head.target_projection, head.projection) for head in heads
        ]


class MemoryBankRecognizer(TargetNetworkRecognizer):
    """Keeps the target's features of recent clips in a memory bank.

    :class:`MemoryBankHook` fills it from what :meth:`loss` has put into
    ``_bank_entries``.

    Args:
        memory_bank (dict | MemoryBank): The bank or its config, whose
            ``type`` defaults to :class:`MemoryBank`.
        **kwargs: As for :class:`TargetNetworkRecognizer`.
    """

    def __init__(self, memory_bank: Union[dict, MemoryBank],
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if isinstance(memory_bank, dict):
            memory_bank = {'type': 'MemoryBank', **memory_bank}
        self.memory_bank = built(memory_bank)
        self._bank_entries: List[BankEntries] = []

    def _require_hooks(self) -> None:
        """Also refuse a step if the bank did not get the last one's entries.

        Raises:
            InputError: If so.
        """
        super()._require_hooks()
        if self._bank_entries:
            raise hook_missing(
                'nothing has entered the memory bank', 'memory_bank',
                'MemoryBankHook')

    def take_bank_entries(self) -> BankEntries:
        """Hand over the bank entries of the steps since the last call.

        :class:`MemoryBankHook` adds them to the bank after the step, so that a
        batch never finds itself.
        """
        entries, self._bank_entries = self._bank_entries, []
        return concat_entries(entries)


def built(part: Union[dict, Any]) -> Any:
    """Build a part of a model from its config; one that is built stays.

    Args:
        part (dict | nn.Module): The part or its config.
    """
    return MODELS.build(part) if isinstance(part, dict) else part


def _as_it_is(module: nn.Module) -> nn.Module:
    return module


def hook_missing(seen: str, name: str, hook: str) -> InputError:
    """The error for a training step that was made without a required hook.

    Args:
        seen (str): What has not happened after the step.
        name (str): What the configs call the hook.
        hook (str): Name of the hook.

    Returns:
        InputError: To be raised.
    """
    return InputError(
        f'{seen} since the last training step: {hook} is missing, which '
        f"belongs to this model. Put {name}=dict(type='{hook}') into the "
        "config's default_hooks, as configs/ascnet/_base_/pretrain.py does")


def _split(data: dict, count: int, at_once: int) -> Iterator[dict]:
    """A batch's first ``at_once`` clips of each video, the next ones, ...

    What a data sample says of each clip is split likewise.
    """
    for start in range(0, count, at_once):
        part = slice(start, start + at_once)
        samples = []
        for sample in data['data_samples']:
            sample = sample.clone()
            if 'yuv420' in sample:
                sample.set_metainfo(dict(yuv420=sample.yuv420.of(part)))
            samples.append(sample)
        yield dict(
            inputs=[None if clips is None else clips[part]
                    for clips in data['inputs']],
            data_samples=samples)  # yapf: disable


def require_clips(inputs: Tensor, pattern: Tuple[int, ...]) -> None:
    """Refuse another number of clips per video than a method is made of.

    Args:
        inputs (Tensor): ``[B, clips, 3, T, H, W]``.
        pattern (tuple[int]): Speeds of the clips it is made of, as for
            :class:`SpeedPairedSampleFrames`.

    Raises:
        InputError: If the number of clips is not the pattern's.
    """
    require_count(inputs, len(pattern),
                  f'pattern={pattern} of SpeedPairedSampleFrames')


def require_ordered_clips(inputs: Tensor, clips: int, sampler: str) -> None:
    """Refuse another number of clips per video than a method takes in order.

    Args:
        inputs (Tensor): ``[B, clips, 3, T, H, W]``.
        clips (int): How many it takes.
        sampler (str): Which transform chooses them: :class:`OrderedClips` or
            one derived from it.

    Raises:
        InputError: If there are more or fewer.
    """
    require_count(inputs, clips, f'clips={clips} of {sampler}')


def require_count(inputs: Tensor, clips: int, setting: str) -> None:
    """Refuse another number of clips per video than a method takes.

    Args:
        inputs (Tensor): ``[B, clips, 3, T, H, W]``.
        clips (int): How many it takes.
        setting (str): What gives as many.

    Raises:
        InputError: If there are more or fewer.
    """
    if inputs.shape[1] != clips:
        raise InputError(
            f'the pipeline gives {inputs.shape[1]} clips of each video, the '
            f'model is made for {clips}: set {setting}')


def pool(features) -> Tensor:
    """Average what a backbone returns over space and time.

    Args:
        features: ``[N, C, ...]``, averaged over all but the first two
            dimensions; a tuple of these (several pathways or stages), joined
            along C; or a list of patch tokens and class token (MViT), of which
            only the class token is used, as in MMAction2's head.

    Returns:
        Tensor: ``[N, C]``.
    """
    if isinstance(features, tuple):
        return torch.cat([pool(feature) for feature in features], dim=1)
    if isinstance(features, list):
        return features[-1]
    return features.flatten(2).mean(dim=2) if features.ndim > 2 else features


def recorded_by_sampler(data_samples: Sequence[ActionDataSample], key: str,
                        sampler: str) -> list:
    """What the transform that chose the clips recorded for each sample.

    Args:
        data_samples (Sequence[ActionDataSample]): B of them.
        key (str): A key of their metainfo, such as ``'speeds'``.
        sampler (str): The transform that adds it.

    Returns:
        list: Its values, B of them.

    Raises:
        InputError: If a sample has none.

    Examples:
        >>> samples = [ActionDataSample(metainfo=dict(speeds=(2, 1)))]
        >>> recorded_by_sampler(samples, 'speeds', 'SpeedPairedSampleFrames')
        [(2, 1)]
    """
    if not all(key in sample for sample in data_samples):
        raise InputError(f'nothing says the {key} of the clips: {sampler} '
                         'has to choose them')
    return [getattr(sample, key) for sample in data_samples]
