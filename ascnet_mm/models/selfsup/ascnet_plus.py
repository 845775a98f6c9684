"""ASCNet with further terms in its loss, each a part with a weight."""
from abc import abstractmethod
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import InputError
from ..heads import info_nce, mean_where, single, unit_length
from ..memory_bank import MemoryBank
from ..ranks import mean_over_ranks
from .ascnet import ASCNet, Step
from .base import Part, built
from .pace import PaceHead


class Term(BaseModule):
    """A loss of what a step of ASCNet knows, and its weight.

    Args:
        weight (float): Factor of the loss. Defaults to 1.
    """

    def __init__(self,
                 weight: float = 1.,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.weight = weight

    @abstractmethod
    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """The loss and diagnostics of one direction.

        Args:
            step (Step): What the step knows of its clips.
            bank (MemoryBank): Before the step's entries.

        Returns:
            dict[str, Tensor]: ``loss``, not weighted, and diagnostics;
            scalars.
        """


@MODELS.register_module()
class ASCNetPlus(ASCNet):
    """ASCNet with further terms in its loss (ours).

    L = gamma L_m + (1 - gamma) L_a + sum of weight_t L_t. Without terms, this
    is ASCNet. With gamma = 1, L_a has no weight, so that a term can take the
    place of ACP. The encoder passes are those of ASCNet: terms use what a step
    has computed anyway. With ``symmetric``, a term is the mean of both
    directions.

    Args:
        terms (dict[str, dict | Term]): The terms or their configs, by names
            of one's choice. The log shows term NAME as ``loss_NAME`` and its
            diagnostics as ``NAME_...``. Defaults to none.
        **kwargs: As for :class:`ASCNet`.

    Raises:
        InputError: If a term is called ``acp`` or ``scp``, or its name has
            a dot.

    Examples:
        >>> from mmaction.structures import ActionDataSample
        >>> from ascnet_mm.models import ACPHead, R3D, SCPHead
        >>> channels = dict(
        ...     in_channels=32, hidden_channels=16, out_channels=8)
        >>> model = ASCNetPlus(
        ...     backbone=R3D(depth=18, base_channels=4),
        ...     acp_head=ACPHead(**channels), scp_head=SCPHead(**channels),
        ...     terms=dict(
        ...         contrast=dict(type='InstanceContrast'),
        ...         order=dict(type='SpeedOrder', in_channels=32, weight=0.5)))
        >>> samples = [
        ...     ActionDataSample(metainfo=dict(video_id=v, speeds=(1, 2)))
        ...     for v in range(2)]
        >>> losses = model.loss(torch.rand(2, 2, 3, 8, 32, 32), samples)
        >>> sorted(key for key in losses if key.startswith('loss'))
        ['loss_acp', 'loss_contrast', 'loss_order', 'loss_scp']
    """

    def __init__(self,
                 terms: Dict[str, Part] = dict(),
                 **kwargs: Any) -> None:
        for name in terms:
            if '.' in name:
                raise InputError(f'model.terms: {name!r} is a name with a '
                                 'dot, which no part of a model can have')
        taken = {'acp', 'scp'} & set(terms)
        if taken:
            raise InputError(f'model.terms: {sorted(taken)} are the names of '
                             "ASCNet's own losses: call the term otherwise")
        super().__init__(**kwargs)
        self.terms = nn.ModuleDict(
            {name: built(term)
             for name, term in terms.items()})

    def _readers(self) -> Dict[str, nn.Module]:
        terms = {
            f'terms.{name}': term
            for name, term in self.terms.items()
            if hasattr(term, 'in_channels')
        }
        return {**super()._readers(), **terms}

    def losses(self, step: Step) -> Dict[str, Tensor]:
        """ASCNet's, and those of the terms.

        Args:
            step (Step): As for :class:`ASCNet`.

        Returns:
            dict[str, Tensor]: As of :meth:`loss`.
        """
        losses = super().losses(step)
        for name, term in self.terms.items():
            told = term(step, self.memory_bank)
            losses[f'loss_{name}'] = told.pop('loss')
            losses.update({f'{name}_{k}': value for k, value in told.items()})
        return losses

    def parse_losses(
            self, losses: Dict[str, Tensor]) -> Tuple[Tensor, Dict]:
        """L, the weighted sum; the log shows each term as it is."""
        total, log_vars = super().parse_losses(losses)
        for name, term in self.terms.items():
            total = total + term.weight * losses[f'loss_{name}']
        log_vars['loss'] = total.detach()
        return total, log_vars


@MODELS.register_module()
class InstanceContrast(Term):
    """InfoNCE of ACP's prediction: a_j among the bank's appearances.

    As in MoCo v3 (Chen et al., ICCV 2021), a predictor produces the query. The
    negatives are those of MoCo: here, the entries of all speeds except those
    of the query's own video. Used in addition to ACP, the term separates a_j
    from other videos; with gamma = 1, it replaces ACP.

    Args:
        temperature (float): Divides the similarities. Defaults to 0.07
            (MoCo's).
        weight (float): As for :class:`Term`.

    Examples:
        >>> MODELS.build(dict(type='InstanceContrast', weight=0.2)).weight
        0.2
    """

    def __init__(self, temperature: float = 0.07, weight: float = 1.) -> None:
        super().__init__(weight)
        self.temperature = temperature

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """InfoNCE (:func:`info_nce`)."""
        query = step.predicted_a
        negatives = bank.similarity(query, step.video_ids)
        return dict(
            loss=info_nce(query, step.a_j, negatives, self.temperature))


@MODELS.register_module()
class SpeedRanking(Term):
    """SCP's prediction is nearer to the look-alike at its own speed (ours).

    softplus(-(p m_k - p m_l) / tau), where p is the prediction, and m_k and
    m_l are what the bank finds for a_j at the speeds of c_i and c_j. This is
    RankNet's loss (Burges et al., ICML 2005, equation 3), which is InfoNCE
    with one negative. Samples for which a look-alike is missing, or whose two
    clips have the same speed, do not count.

    Args:
        temperature (float): tau. Defaults to 0.07 (MoCo's and RSPNet's).
        weight (float): As for :class:`Term`.

    Examples:
        >>> MODELS.build(dict(type='SpeedRanking')).temperature
        0.07
    """

    def __init__(self, temperature: float = 0.07, weight: float = 1.) -> None:
        super().__init__(weight)
        self.temperature = temperature

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """The ranking loss, and the share that is ranked right."""
        other = bank.search(step.a_j, step.speeds_j, step.video_ids)
        nearer = (step.predicted_m *
                  (step.retrieved.motion - other.motion)).sum(dim=1)
        unequal = _on(step.speeds_i != step.speeds_j, nearer)
        counted = step.retrieved.found & other.found & unequal
        return _ranked(nearer / self.temperature, counted)


@MODELS.register_module()
class SpeedOrder(Term):
    """A number that is greater for the faster clip of a video (ours).

    softplus(-(u(x_fast) - u(x_slow))), where u is linear: RankNet (Burges et
    al., ICML 2005, equation 3) on the two clips of a video. Ranking clips of
    the same video by speed is the idea of RSPNet, whose loss compares
    similarities. The target's feature has no gradient. Two clips of the same
    speed do not count.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        weight (float): As for :class:`Term`.

    Examples:
        >>> MODELS.build(dict(type='SpeedOrder', in_channels=32)).score
        Linear(in_features=32, out_features=1, bias=False)
    """

    def __init__(self, in_channels: int, weight: float = 1.) -> None:
        super().__init__(weight)
        self.in_channels = in_channels
        self.score = nn.Linear(in_channels, 1, bias=False)

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """The ranking loss, and the share that is ranked right."""
        # In bfloat16, the scores of two similar clips would often be equal.
        with torch.autocast(step.x_i.device.type, enabled=False):
            difference = self.score(single(step.x_i) - single(step.x_j))
        difference = difference[:, 0]
        faster = _on((step.speeds_i - step.speeds_j).sign(), difference)
        return _ranked(difference * faster, faster != 0)


@MODELS.register_module()
class SpeedClassification(Term):
    """Classify the speed of the online clip: Pace's loss (Wang et al. 2020).

    Args:
        in_channels (int): As for :class:`PaceHead`.
        speeds (Sequence[int]): As for :class:`PaceHead`; those of the
            pipeline. Defaults to (1, 2).
        weight (float): As for :class:`Term`.

    Examples:
        >>> term = MODELS.build(
        ...     dict(type='SpeedClassification', in_channels=32))
        >>> term.head.speeds
        (1, 2)
    """

    def __init__(self,
                 in_channels: int,
                 speeds: Sequence[int] = (1, 2),
                 weight: float = 1.) -> None:
        super().__init__(weight)
        self.in_channels = in_channels
        self.head = PaceHead(in_channels, speeds)

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """Cross entropy, and the share that is told right."""
        told = self.head.loss(step.x_i, step.speeds_i.tolist())
        return dict(loss=told['loss_pace'], accuracy=told['pace_accuracy'])


class Decorrelation(Term):
    """A penalty on a matrix of second moments, averaged over the steps.

    C <- momentum C + (1 - momentum) B, where B is the matrix of the batch
    (over all ranks), through which the gradient flows. C starts at zero and is
    part of a checkpoint.

    Args:
        channels (int): Dimension of the vectors.
        of (str): Which vectors of a :class:`Step`: ``'x_i'``, features, or
            ``'a_i'`` or ``'m_i'``, projections. Defaults to ``'x_i'``.
        momentum (float): Share of the old C, 0 to below 1.
        weight (float): As for :class:`Term`.

    Raises:
        InputError: If ``of`` or ``momentum`` is none of these, or the vectors
            have another dimension.
    """

    def __init__(self, channels: int, of: str, momentum: float,
                 weight: float) -> None:
        super().__init__(weight)
        if of not in ('x_i', 'a_i', 'm_i'):
            raise InputError(f"{type(self).__name__}: of={of!r} names no "
                             "vectors of a step: set it to 'x_i' (features), "
                             "'a_i' or 'm_i' (projections)")
        if not 0 <= momentum < 1:
            raise InputError(f'{type(self).__name__}: momentum is the share '
                             f'of older steps, 0 to below 1, not {momentum}')
        self.of = of
        self.momentum = momentum
        self.register_buffer('moments', torch.zeros(channels, channels))

    def vectors(self, step: Step) -> Tensor:
        """The vectors ``[N, channels]``, centered over all ranks."""
        vectors = single(getattr(step, self.of))
        if vectors.shape[1] != len(self.moments):
            raise InputError(
                f'{type(self).__name__}: the vectors {self.of} have the '
                f'dimension {vectors.shape[1]}, the term is made for '
                f'{len(self.moments)}: set channels={vectors.shape[1]}')
        return vectors - mean_over_ranks(vectors.mean(dim=0))

    def average(self, moments: Tensor) -> Tensor:
        """C, with the batch's B in it; the next step starts from it."""
        moments = torch.lerp(moments, self.moments, self.momentum)
        if self.training:
            self.moments.copy_(moments.detach())
        return moments


@MODELS.register_module()
class DirectionPenalty(Decorrelation):
    """The mean of z^T C z, C the average of z z^T: TiCo's contrast.

    Zhu et al. 2022, *TiCo*, Algorithm 1; z is centered (ours), then scaled to
    unit length. The penalty is smallest, 1 / channels, where the directions of
    the vectors are spread evenly, and it is 1 where all of them lie on a line.

    Args:
        channels (int): As for :class:`Decorrelation`.
        of (str): As for :class:`Decorrelation`.
        momentum (float): As for :class:`Decorrelation`. Defaults to 0.9
            (TiCo's).
        weight (float): As for :class:`Term`; TiCo's is 8.

    Examples:
        >>> term = MODELS.build(dict(type='DirectionPenalty', channels=8))
        >>> term.moments.shape
        torch.Size([8, 8])
    """

    def __init__(self,
                 channels: int,
                 of: str = 'x_i',
                 momentum: float = 0.9,
                 weight: float = 1.) -> None:
        super().__init__(channels, of, momentum, weight)

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """The mean of z^T C z over the batch."""
        z = unit_length(self.vectors(step))
        with torch.autocast(z.device.type, enabled=False):
            moments = mean_over_ranks(z.T @ z / len(z))
            # The mean of z^T C z is the inner product of C and B.
            return dict(loss=(self.average(moments) * moments).sum())


@MODELS.register_module()
class CovariancePenalty(Decorrelation):
    """VICReg's variance and covariance, of an averaged covariance.

    Bardes et al., ICLR 2022, equations 1 to 4: the mean over the dimensions of
    max(0, 1 - sqrt(C_dd + 0.0001)), plus ``covariance`` times the sum of the
    squared off-diagonal elements over the number of dimensions. With momentum
    0, this is VICReg's. The covariance of a batch smaller than ``channels`` is
    singular, hence the average (ours).

    Args:
        channels (int): As for :class:`Decorrelation`.
        of (str): As for :class:`Decorrelation`. Defaults to ``'a_i'``:
            VICReg's is of projections.
        momentum (float): As for :class:`Decorrelation`. Defaults to 0.
        covariance (float): Weight of the covariance against the variance.
            Defaults to 0.04 (VICReg's 1 against 25).
        weight (float): As for :class:`Term`.

    Examples:
        >>> term = MODELS.build(
        ...     dict(type='CovariancePenalty', channels=8, momentum=0.9))
        >>> term.of
        'a_i'
    """

    def __init__(self,
                 channels: int,
                 of: str = 'a_i',
                 momentum: float = 0.,
                 covariance: float = 0.04,
                 weight: float = 1.) -> None:
        super().__init__(channels, of, momentum, weight)
        self.covariance = covariance

    def forward(self, step: Step, bank: MemoryBank) -> Dict[str, Tensor]:
        """Variance and covariance of the batch, in C."""
        x = self.vectors(step)
        count = len(x) * get_world_size()
        if count < 2:
            raise InputError('CovariancePenalty: a batch of one sample has no '
                             'covariance: set a larger batch_size')
        with torch.autocast(x.device.type, enabled=False):
            moments = self.average(
                mean_over_ranks(x.T @ x / len(x)) * count / (count - 1))
        variance = moments.diagonal()
        deviation = (variance + 1e-4).sqrt()
        beside = moments.square().sum() - variance.square().sum()
        return dict(
            loss=F.relu(1 - deviation).mean() +
            self.covariance * beside / len(moments))


def _ranked(difference: Tensor, counted: Tensor) -> Dict[str, Tensor]:
    """RankNet's loss where the difference is to be positive."""
    return dict(
        loss=mean_where(F.softplus(-difference), counted),
        accuracy=mean_where((difference > 0).to(difference.dtype), counted))


def _on(values: Tensor, like: Tensor) -> Tensor:
    """Values of the CPU on the device, without waiting for it."""
    return values.to(like.device, non_blocking=True)
