from copy import deepcopy
from typing import Dict, List, Optional, Tuple

import torch
from mmaction.models.recognizers import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from ..errors import InputError
from .gauges import distinct_share, spread
from .memory_bank import BankEntries, MemoryBank, concat_entries
from .pretrained import require_same_encoder


@MODELS.register_module()
class ASCNet(BaseRecognizer):
    """Self-supervised video representation by appearance and speed.

    One online encoder (``backbone``) learns to predict what its exponential
    moving average, the target network, says of another clip: in the ACP task
    a clip of the same video at another playback speed, in the SCP task a clip
    of a similar-looking other video at the same speed, found in a memory bank
    (Algorithm 1 of the poster, section C of the supplementary).

    :class:`MomentumUpdateHook` moves the target network and
    :class:`MemoryBankHook` fills the bank. The checkpoint holds the encoder
    under ``backbone.*``, as every recogniser of MMAction2 does.

    Args:
        backbone (dict): Config of the encoder: any backbone of MMAction2 that
            takes clips ``[N, 3, T, H, W]``.
        acp_head (dict): Config of the :class:`ACPHead`.
        scp_head (dict): Config of the :class:`SCPHead`.
        gamma (float): Weight of the SCP loss; the ACP loss has 1 - gamma
            (line 20). Defaults to 0.5 (ours).
        symmetric (bool): Also train with the clips' roles exchanged, and
            average both directions. Defaults to False (Algorithm 1).
        memory_bank (dict): Arguments of :class:`MemoryBank`. Defaults to
            its own defaults.
        test_cfg (dict, optional): With ``max_testing_views``, at most so many
            clips go through the encoder at a time in :meth:`predict`, as in
            the host's ``Recognizer3D``. Defaults to None.
        data_preprocessor (dict, optional): Config of the preprocessor.

    Attributes:
        online_features (Tensor, optional): Features x_i ``[B, C]`` of the
            latest step, without gradient.

    Raises:
        InputError: If ``gamma`` is outside [0, 1].
    """

    def __init__(self,
                 backbone: dict,
                 acp_head: dict,
                 scp_head: dict,
                 gamma: float = 0.5,
                 symmetric: bool = False,
                 memory_bank: dict = dict(),
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None) -> None:
        if not 0 <= gamma <= 1:
            raise InputError(f'gamma weighs the SCP loss against the ACP loss '
                             f'and must lie in [0, 1]: model.gamma={gamma}')
        super().__init__(
            backbone=backbone, test_cfg=test_cfg,
            data_preprocessor=data_preprocessor)
        self.acp_head = MODELS.build(acp_head)
        self.scp_head = MODELS.build(scp_head)
        self.gamma = gamma
        self.symmetric = symmetric
        self.memory_bank = MemoryBank(**memory_bank)
        self.target_backbone = deepcopy(self.backbone).requires_grad_(False)
        self._bank_entries: List[BankEntries] = []
        self.online_features: Optional[Tensor] = None

    # ----------------------------------------------------- target network

    def init_weights(self) -> None:
        """Initialise the online network and start the target as its copy."""
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
        for target, online in self._networks():
            torch._foreach_lerp_(
                list(target.parameters()), list(online.parameters()),
                1 - momentum)

    def _networks(self) -> List[Tuple[nn.Module, nn.Module]]:
        return [(self.target_backbone, self.backbone)] + [
            (head.target_projection, head.projection)
            for head in (self.acp_head, self.scp_head)
        ]

    # ------------------------------------------------------------ training

    def loss(self, inputs: Tensor, data_samples: List[ActionDataSample],
             **kwargs) -> Dict[str, Tensor]:
        """One step of Algorithm 1, up to the losses.

        Args:
            inputs (Tensor): Clips c_i and c_j, ``[B, 2, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): With the metainfo
                ``speeds`` (of both clips) and ``video_id``.

        Returns:
            dict[str, Tensor]: ``loss_acp`` and ``loss_scp`` as they are
            (:meth:`parse_losses` weighs them) and the gauges ``acp_spread``,
            ``scp_spread``, ``retrieved_similarity``,
            ``retrieved_distinct`` and ``scp_target_share``; scalars.
        """
        speeds = torch.tensor([sample.speeds for sample in data_samples])
        video_ids = torch.tensor([sample.video_id for sample in data_samples])
        directions = [(0, 1), (1, 0)] if self.symmetric else [(0, 1)]
        results = []
        for i, j in directions:
            results.append(
                self._one_direction(inputs[:, i], inputs[:, j], speeds[:, i],
                                    speeds[:, j], video_ids))
        return {
            key: torch.stack([result[key] for result in results]).mean()
            for key in results[0]
        }

    def _one_direction(self, online_clip: Tensor, target_clip: Tensor,
                       online_speeds: Tensor, target_speeds: Tensor,
                       video_ids: Tensor) -> Dict[str, Tensor]:
        with torch.no_grad():
            x_j = self.encode(target_clip, self.target_backbone)
            a_j = self.acp_head.project_target(x_j)
            m_j = self.scp_head.project_target(x_j)
        retrieved = self.memory_bank.search(a_j, online_speeds, video_ids)
        self._bank_entries.append(
            BankEntries(a_j, m_j, target_speeds, video_ids))

        x_i = self.encode(online_clip, self.backbone)
        self.online_features = x_i.detach()
        found = retrieved.found
        return dict(
            loss_acp=self.acp_head.loss(x_i, a_j),
            loss_scp=self.scp_head.loss(x_i, retrieved.motion, found),
            acp_spread=spread(a_j),
            scp_spread=spread(m_j),
            retrieved_similarity=retrieved.similarity.sum() /
            found.sum().clamp(min=1),
            retrieved_distinct=distinct_share(retrieved.entry),
            scp_target_share=found.to(a_j.dtype).mean())

    def take_bank_entries(self) -> BankEntries:
        """Hand over what the steps since the last call have for the bank.

        They are entered by :class:`MemoryBankHook` after the step, so that a
        batch never finds itself.
        """
        entries, self._bank_entries = self._bank_entries, []
        return concat_entries(entries)

    def parse_losses(
            self, losses: Dict[str, Tensor]) -> Tuple[Tensor, Dict]:
        """L = gamma L_m + (1 - gamma) L_a (line 20).

        The log shows L_a and L_m as they are, and their weighted sum as
        ``loss``.
        """
        total = (
            self.gamma * losses['loss_scp'] +
            (1 - self.gamma) * losses['loss_acp'])
        _, log_vars = super().parse_losses(losses)
        log_vars['loss'] = total.detach()
        return total, log_vars

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
        if torch.is_autocast_enabled(clips.device.type):
            # Half precision convolutions are made for it, and hand it on to
            # each other; in single precision it costs more than it gains.
            clips = clips.contiguous(memory_format=torch.channels_last_3d)
        features = pool(backbone(clips))
        for name in ('acp_head', 'scp_head'):
            expected = getattr(self, name).in_channels
            if features.shape[1] != expected:
                raise InputError(
                    f'the encoder {type(backbone).__name__} gives features of '
                    f'dimension {features.shape[1]}, model.{name}.in_channels '
                    f'is {expected}: set it to {features.shape[1]}')
        return features

    def extract_feat(self, inputs: Tensor, **kwargs) -> Tuple[Tensor, dict]:
        """Features of every clip from the online encoder.

        Args:
            inputs (Tensor): ``[B, clips, 3, T, H, W]``.

        Returns:
            tuple[Tensor, dict]: Features ``[B, clips, C]``, and the empty
            dict that the host's interface asks for.
        """
        clips = inputs.flatten(0, 1)
        at_once = (self.test_cfg or {}).get('max_testing_views', len(clips))
        features = torch.cat([
            self.encode(part, self.backbone) for part in clips.split(at_once)
        ])
        return features.view(*inputs.shape[:2], -1), {}

    def predict(self, inputs: Tensor, data_samples: List[ActionDataSample],
                **kwargs) -> List[ActionDataSample]:
        """Put the features of a video's clips on its data sample.

        Args:
            inputs (Tensor): Clips of the readable videos,
                ``[B', clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): All B samples; those with
                the metainfo ``readable=False`` have no clips.

        Returns:
            list[ActionDataSample]: With the field ``clip_features``,
            ``[clips, C]``, on the readable ones.
        """
        readable = [s for s in data_samples if s.get('readable', True)]
        if readable:
            features, _ = self.extract_feat(inputs)
            for sample, feature in zip(readable, features.float()):
                sample.set_field(feature, 'clip_features')
        return data_samples

    # ------------------------------------------------------------- loading

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        require_same_encoder(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def pool(features) -> Tensor:
    """Average what a backbone returns over space and time.

    Args:
        features: ``[N, C, ...]``, averaged over all but the first two
            dimensions; a tuple of such (several pathways or stages), joined
            along C; or a list of patch tokens and class token (MViT), of
            which the class token counts, as in the host's head.

    Returns:
        Tensor: ``[N, C]``.
    """
    if isinstance(features, tuple):
        return torch.cat([pool(feature) for feature in features], dim=1)
    if isinstance(features, list):
        return features[-1]
    return features.flatten(2).mean(dim=2) if features.ndim > 2 else features
