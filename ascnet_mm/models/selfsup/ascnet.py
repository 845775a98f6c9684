"""The method: consistency of appearance and of speed."""
from typing import Dict, List, NamedTuple, Tuple, Union

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import all_reduce
from torch import Tensor

from ...errors import InputError
from ..diagnostics import distinct_share, feature_std
from ..memory_bank import BankEntries, MemoryBank, Retrieved
from .base import (
    MemoryBankRecognizer,
    Part,
    recorded_by_sampler,
    require_clips,
)


class Step(NamedTuple):
    """The data of one step for its clips c_i and c_j, one row per sample.

    The names are those of Algorithm 1. Target features have no gradient.

    Args:
        x_i (Tensor): Online features, ``[N, C]``.
        x_j (Tensor): Target features, ``[N, C]``.
        a_i (Tensor): Online projections for appearance, as they are,
            ``[N, D]``.
        a_j (Tensor): Target projections for appearance, at unit length.
        m_i (Tensor): Online projections for motion, as they are.
        m_j (Tensor): Target projections for motion, at unit length.
        predicted_a (Tensor): Predictions of a_j, at unit length.
        predicted_m (Tensor): Predictions of m_k, at unit length.
        retrieved (Retrieved): m_k.
        speeds_i (Tensor): Speeds of the clips c_i, int64 ``[N]`` on the CPU.
        speeds_j (Tensor): Speeds of the clips c_j, likewise.
        video_ids (Tensor): Identities of the videos, likewise.
    """
    x_i: Tensor
    x_j: Tensor
    a_i: Tensor
    a_j: Tensor
    m_i: Tensor
    m_j: Tensor
    predicted_a: Tensor
    predicted_m: Tensor
    retrieved: Retrieved
    speeds_i: Tensor
    speeds_j: Tensor
    video_ids: Tensor


@MODELS.register_module()
class ASCNet(MemoryBankRecognizer):
    """Predict another clip's appearance, and a look-alike's motion.

    A single online encoder (``backbone``) learns to predict the output of its
    exponential moving average, the target network, for another clip: in the
    ACP task, a clip of the same video at another playback speed; in the SCP
    task, a clip at the same speed from another, similar-looking video, which
    is found in a memory bank (Algorithm 1 of the poster, section C of the
    supplementary material).

    *Ours*, where they say nothing: which clip gets which speed is drawn; both
    sides of a loss have unit length; both losses weigh the same; a sample for
    which the bank holds no other video has no L_m.

    :class:`MomentumUpdateHook` updates the target network and
    :class:`MemoryBankHook` fills the bank. Checkpoints store the encoder under
    ``backbone.*``, as every recognizer of MMAction2 does.

    Args:
        backbone (dict | nn.Module): The encoder or its config: any backbone
            of MMAction2 that takes clips ``[N, 3, T, H, W]``.
        acp_head (dict | ACPHead): The head or its config.
        scp_head (dict | SCPHead): The head or its config.
        gamma (float): Weight of the SCP loss; the ACP loss has 1 - gamma
            (line 20). Defaults to 0.5 (ours).
        symmetric (bool): Also train with the roles of the clips exchanged, and
            average over the samples of both directions; L_m, over those for
            which the bank contained another video. Defaults to False
            (Algorithm 1).
        memory_bank (dict | MemoryBank): The bank or its config, whose type
            defaults to :class:`MemoryBank`. By default, a bank with its
            default settings.
        **kwargs: As for :class:`SelfSupervisedRecognizer`.

    Raises:
        InputError: If ``gamma`` is outside [0, 1], or the projections of the
            heads differ in size.

    Examples:
        >>> from ascnet_mm.models import ACPHead, R3D, SCPHead
        >>> channels = dict(
        ...     in_channels=32, hidden_channels=16, out_channels=8)
        >>> model = ASCNet(
        ...     backbone=R3D(depth=18, base_channels=4),
        ...     acp_head=ACPHead(**channels), scp_head=SCPHead(**channels),
        ...     memory_bank=dict(size=64))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(video_id=v, speeds=(1, 2)))
        ...     for v in range(2)]
        >>> losses = model.loss(torch.rand(2, 2, 3, 8, 32, 32), samples)
        >>> sorted(key for key in losses if key.startswith('loss'))
        ['loss_acp', 'loss_scp']
    """

    def __init__(self,
                 backbone: Part,
                 acp_head: Part,
                 scp_head: Part,
                 gamma: float = 0.5,
                 symmetric: bool = False,
                 memory_bank: Union[dict, MemoryBank] = dict(),
                 **kwargs) -> None:
        if not 0 <= gamma <= 1:
            raise InputError(f'gamma weighs the SCP loss against the ACP loss '
                             f'and must lie in [0, 1]: model.gamma={gamma}')
        super().__init__(
            backbone=backbone,
            heads=dict(acp_head=acp_head, scp_head=scp_head),
            memory_bank=memory_bank,
            **kwargs)
        sizes = [head.out_channels for head in (self.acp_head, self.scp_head)]
        if sizes[0] != sizes[1]:
            raise InputError(
                'the memory bank keeps projections of one size, but '
                f'model.acp_head.out_channels is {sizes[0]} and '
                f'model.scp_head.out_channels is {sizes[1]}: set both alike')
        self.gamma = gamma
        self.symmetric = symmetric

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: Online and target once, in each direction."""
        directions = 2 if self.symmetric else 1
        return dict(forward=2 * directions, backward=directions)

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
            (:meth:`parse_losses` weighs them) and the diagnostics
            ``acp_spread``, ``scp_spread``, ``retrieved_similarity``,
            ``retrieved_distinct`` and ``scp_target_share``; scalars.

        Raises:
            InputError: If there are not two clips, or nothing says their
                speeds.
        """
        require_clips(inputs, (0, 1))
        speeds = torch.tensor(recorded_by_sampler(
            data_samples, 'speeds', 'SpeedPairedSampleFrames'))
        video_ids = torch.tensor([sample.video_id for sample in data_samples])
        directions = [(0, 1), (1, 0)] if self.symmetric else [(0, 1)]
        results = []
        for i, j in directions:
            results.append(
                self._one_direction(inputs[:, i], inputs[:, j], speeds[:, i],
                                    speeds[:, j], video_ids))
        if not self.symmetric:
            return results[0]
        both = {
            key: torch.stack([result[key] for result in results])
            for key in results[0]
        }
        found = both['scp_target_share'] * len(inputs)
        everywhere = found.clone()
        all_reduce(everywhere)
        counts = dict(
            loss_scp=everywhere,
            retrieved_similarity=found,
            retrieved_distinct=found)
        equal = torch.ones_like(found)
        return {
            key: _mean(values, counts.get(key, equal))
            for key, values in both.items()
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
        a_i, predicted_a = self.acp_head.project_and_predict(x_i)
        m_i, predicted_m = self.scp_head.project_and_predict(x_i)
        return self.losses(
            Step(x_i, x_j, a_i, a_j, m_i, m_j, predicted_a, predicted_m,
                 retrieved, online_speeds, target_speeds, video_ids))

    def losses(self, step: Step) -> Dict[str, Tensor]:
        """Losses and diagnostics of one direction.

        Args:
            step (Step): What the networks and the bank made of the clips.

        Returns:
            dict[str, Tensor]: As of :meth:`loss`.
        """
        retrieved, found = step.retrieved, step.retrieved.found
        return dict(
            loss_acp=self.acp_head.loss(step.predicted_a, step.a_j),
            loss_scp=self.scp_head.loss(step.predicted_m, retrieved.motion,
                                        found),
            acp_spread=feature_std(step.a_j),
            scp_spread=feature_std(step.m_j),
            retrieved_similarity=retrieved.similarity.sum() /
            found.sum().clamp(min=1),
            retrieved_distinct=distinct_share(retrieved.entry),
            scp_target_share=found.to(step.a_j.dtype).mean())

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


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    """Mean of two directions, weighted by their numbers of samples."""
    return (values * counts).sum() / counts.sum().clamp(min=1)
