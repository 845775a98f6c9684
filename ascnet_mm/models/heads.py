"""The heads of ASCNet, and what those of other methods share."""
from copy import deepcopy
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..errors import InputError


class MLP(nn.Sequential):
    """Layers with a BatchNorm over the rows of a batch.

    Raises:
        InputError: If it is to train on a single row.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, in_channels]`` to ``[N, out_channels]``."""
        # SyncBN sees the rows of all ranks.
        norms = (nn.BatchNorm1d, ) if get_world_size() > 1 else (
            nn.BatchNorm1d, nn.SyncBatchNorm)
        if self.training and len(x) == 1 and any(
                isinstance(layer, norms) for layer in self):
            raise InputError(
                'BatchNorm in the heads cannot train on a batch of one: set '
                'train_dataloader.batch_size to 2 or more, and drop_last=True '
                'where one is left over')
        return super().forward(x)


def mlp(in_channels: int, hidden_channels: int, out_channels: int) -> MLP:
    """Linear, BatchNorm, ReLU, Linear (section A, Figure 1)."""
    return MLP(
        nn.Linear(in_channels, hidden_channels),
        nn.BatchNorm1d(hidden_channels), nn.ReLU(inplace=True),
        nn.Linear(hidden_channels, out_channels))


def single(x: Tensor) -> Tensor:
    """In single precision at least: double precision stays."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def unit_length(x: Tensor) -> Tensor:
    """Scale rows to length 1, in single precision at least."""
    return F.normalize(single(x), dim=1)


def classify(logits: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    """Cross entropy, and the share that is classified correctly.

    Args:
        logits (Tensor): Scores of the classes, ``[N, classes]``.
        labels (Tensor): The right ones, int64 ``[N]``.

    Returns:
        tuple[Tensor, Tensor]: Averaged over the rows; scalars.

    Examples:
        >>> classify(torch.eye(3).log(), torch.tensor([0, 1, 2]))
        (tensor(0.), tensor(1.))
    """
    return (F.cross_entropy(logits, labels),
            (logits.argmax(dim=1) == labels).float().mean())


def squared_distance(prediction: Tensor, target: Tensor) -> Tensor:
    """``|prediction - target|^2`` of each row, ``[N, D] -> [N]``."""
    return (prediction - target).square().sum(dim=1)


def info_nce(query: Tensor, key: Tensor, negatives: Tensor,
             temperature: float) -> Tensor:
    """``-log(e(q k) / (e(q k) + sum e(q n)))``, e(s) = exp(s / temperature).

    Van den Oord et al. 2018; equation 1 of MoCo (He et al., CVPR 2020).

    Args:
        query (Tensor): Unit-length queries q, ``[N, D]``.
        key (Tensor): The key k that each is to find, ``[N, D]``.
        negatives (Tensor): Similarities of the queries and other keys,
            ``[N, M]``; -inf where one does not count.
        temperature (float): Divides the similarities.

    Returns:
        Tensor: The mean over the queries, a scalar; 0 without negatives.
    """
    positive = (query * key).sum(dim=1, keepdim=True)
    logits = torch.cat((positive, negatives), dim=1)
    return -F.log_softmax(logits / temperature, dim=1)[:, 0].mean()


def mean_where(values: Tensor, counted: Tensor) -> Tensor:
    """Mean over the samples that count.

    On several ranks it is that of the global batch, once the ranks' results
    are averaged.

    Args:
        values (Tensor): ``[N]``.
        counted (Tensor): Which ones count, bool ``[N]``.

    Returns:
        Tensor: A scalar; zero if none counts.
    """
    count = counted.sum().to(values.dtype)
    all_reduce(count, op='mean')
    # Fewer than one per rank on average is still more than none.
    count = torch.where(count > 0, count, torch.ones_like(count))
    return (values * counted).sum() / count


class TargetHead(BaseModule):
    """A head whose projection the target network has as well.

    A subclass makes ``projection`` and its copy ``target_projection``, which
    takes no gradient.

    Args:
        in_channels (int): Dimension of the encoder's feature.
    """

    def __init__(self,
                 in_channels: int,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels

    @torch.no_grad()
    def project_target(self, x: Tensor) -> Tensor:
        """g(x) of the target network, at unit length, without gradient.

        Args:
            x (Tensor): Target features x_j, ``[N, in_channels]``.

        Returns:
            Tensor: Target projections, ``[N, out_channels]``.
        """
        return unit_length(self.target_projection(x))


class ContrastiveHead(TargetHead):
    """A linear projection of queries, and the target's of keys.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        out_channels (int): Dimension of the projection. Defaults to 128
            (RSPNet's and MoCo's).
        temperature (float): Divides the similarities. Defaults to 0.07
            (RSPNet's and MoCo's).
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 128,
                 temperature: float = 0.07,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(in_channels, init_cfg=init_cfg)
        self.projection = self.make_projection(in_channels, out_channels)
        self.target_projection = deepcopy(
            self.projection).requires_grad_(False)
        self.temperature = temperature

    @staticmethod
    def make_projection(in_channels: int, out_channels: int) -> nn.Module:
        """The layers of g, ``[N, in_channels] -> [N, out_channels]``."""
        return nn.Linear(in_channels, out_channels)

    def project(self, x: Tensor) -> Tensor:
        """g(x) of the online network, at unit length.

        Args:
            x (Tensor): Online features, ``[N, in_channels]``.

        Returns:
            Tensor: Queries, ``[N, out_channels]``.
        """
        return unit_length(self.projection(x))


class ConsistencyHead(TargetHead):
    """Projection, predictor and target projection of one consistency task.

    Both sides of the loss are scaled to unit length (as in BYOL; the paper
    does not write it), so a squared distance is 2 - 2 cos.

    Args:
        in_channels (int): Dimension of the encoder's feature.
        hidden_channels (int): Width of the hidden layers. Defaults to 4096
            (section A).
        out_channels (int): Dimension of projection and prediction. Defaults
            to 256 (section A).
    """

    def __init__(self,
                 in_channels: int,
                 hidden_channels: int = 4096,
                 out_channels: int = 256,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(in_channels, init_cfg=init_cfg)
        self.out_channels = out_channels
        self.projection = mlp(in_channels, hidden_channels, out_channels)
        self.predictor = mlp(out_channels, hidden_channels, out_channels)
        self.target_projection = deepcopy(
            self.projection).requires_grad_(False)

    def predict(self, x: Tensor) -> Tensor:
        """h(g(x)) of the online network, at unit length.

        The predictor's input is the projection's raw output.

        Args:
            x (Tensor): Online features x_i, ``[N, in_channels]``.

        Returns:
            Tensor: Predictions, ``[N, out_channels]``.
        """
        return self.project_and_predict(x)[1]

    def project_and_predict(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """g(x) and h(g(x)) of the online network.

        Args:
            x (Tensor): Online features x_i, ``[N, in_channels]``.

        Returns:
            tuple[Tensor, Tensor]: Projections as they are, and predictions at
            unit length; both ``[N, out_channels]``.
        """
        projected = self.projection(x)
        return projected, unit_length(self.predictor(projected))


@MODELS.register_module()
class ACPHead(ConsistencyHead):
    """Appearance consistency perception (Algorithm 1, lines 8-10).

    Args:
        in_channels (int): As for :class:`ConsistencyHead`.
        hidden_channels (int): As for :class:`ConsistencyHead`.
        out_channels (int): As for :class:`ConsistencyHead`.

    Examples:
        >>> head = ACPHead(
        ...     in_channels=32, hidden_channels=16, out_channels=8)
        >>> predicted = head.predict(torch.rand(4, 32))
        >>> target = head.project_target(torch.rand(4, 32))
        >>> head.loss(predicted, target).shape
        torch.Size([])
    """

    @staticmethod
    def loss(predicted: Tensor, target: Tensor) -> Tensor:
        """``L_a = |h_a(g_a(x_i)) - a_j|^2``, averaged over the samples.

        Args:
            predicted (Tensor): Predictions h_a(g_a(x_i)) at unit length,
                ``[N, out_channels]``.
            target (Tensor): Target projections a_j, likewise.

        Returns:
            Tensor: The loss, a scalar.
        """
        return squared_distance(predicted, target).mean()


@MODELS.register_module()
class SCPHead(ConsistencyHead):
    """Speed consistency perception (Algorithm 1, lines 17-19).

    Args:
        in_channels (int): As for :class:`ConsistencyHead`.
        hidden_channels (int): As for :class:`ConsistencyHead`.
        out_channels (int): As for :class:`ConsistencyHead`.

    Examples:
        >>> head = SCPHead(
        ...     in_channels=32, hidden_channels=16, out_channels=8)
        >>> predicted = head.predict(torch.rand(4, 32))
        >>> motion = head.project_target(torch.rand(4, 32))
        >>> found = torch.tensor([True, True, False, True])
        >>> head.loss(predicted, motion, found).shape
        torch.Size([])
    """

    @staticmethod
    def loss(predicted: Tensor, target: Tensor, found: Tensor) -> Tensor:
        """``L_m = |h_m(g_m(x_i)) - m_k|^2``, averaged over those found.

        Samples for which the memory bank held no other video do not count.
        On several ranks the average is that of the global batch.

        Args:
            predicted (Tensor): Predictions h_m(g_m(x_i)) at unit length,
                ``[N, out_channels]``.
            target (Tensor): Retrieved motion features m_k, likewise.
            found (Tensor): Whether there is one, bool ``[N]``.

        Returns:
            Tensor: The loss, a scalar; zero while nothing is found.
        """
        return mean_where(squared_distance(predicted, target), found)
