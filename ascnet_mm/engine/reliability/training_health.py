"""Signs of collapse and divergence, seen during training."""
from typing import Dict, List, NamedTuple, Optional

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce, broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from ...errors import InputError, TrainingStopped
from ...models.diagnostics import effective_rank
from ..hooks.deferred_scalars import log_is_due
from ..unwrap import unwrap
from .good_checkpoints import GoodCheckpoints


class Sign(NamedTuple):
    """A sign of collapse or divergence: a value below its limit.

    Attributes:
        value (str): Which value.
        limit (float): Its limit.
        fatal (bool): Whether a run that shows it for long is lost.
        seen (str): What is seen, with a place for the value.
        advice (str): What causes it or may help.
    """
    value: str
    limit: float
    fatal: bool
    seen: str
    advice: str


CAUSES = ('likely causes: too high a learning rate, too low a momentum of the '
          'target network, a head without predictor, too small a batch')


@HOOKS.register_module()
class TrainingHealthHook(Hook):
    """Warn of collapse and divergence, and stop a run that is lost.

    When the logger is due, the values logged since the last time, averaged
    over iterations and ranks, are compared with limits, and all weights and
    running statistics are checked.

    - **Weights** that are not finite end the run at once, before a checkpoint
      can contain them: a run never recovers from them.
    - If most **losses** are not finite, or a **feature std** (any diagnostic
      named ``*_spread``) is below ``min_spread``, there is a warning, and the
      run ends when this has lasted for ``patience`` iterations.
    - For an effective rank below ``low_rank`` and a share of distinct
      retrieved entries below ``min_distinct``, there is only a warning.

    A sign is over when its value reaches 1.2 times the limit; there is one
    warning per onset. Gradients are not checked: under float16 some are not
    finite and their steps are skipped, and any others reach the weights at
    once.

    A checkpoint is good if the values read next show no sign that could end
    the run. During such a sign, no checkpoint counts, and the
    ``CheckpointHook`` is kept from deleting the last good one. Full
    checkpoints store the state of the hook under ``training_health``: a
    resumed run continues to wait where it was, and one resumed from a good
    checkpoint starts healthy.

    Logs ``effective_rank``, that of the online features of each rank's latest
    samples, averaged over the ranks.

    Args:
        patience (int): Iterations that a sign may last. Defaults to 200.
        min_spread (float): Limit of ``acp_spread``, ``scp_spread`` and the
            like, below which a run is lost. Defaults to 0.3.
        low_rank (float): Effective rank to warn of: nearly all varies along
            one direction. Defaults to 1.1.
        min_distinct (float): ``retrieved_distinct`` to warn of. Defaults to
            0.2.
        window (int): Latest samples whose effective rank is taken. Defaults
            to 256.

    Examples:
        >>> default_hooks = dict(
        ...     training_health=dict(type='TrainingHealthHook', patience=500))
        >>> HOOKS.build(default_hooks['training_health']).patience
        500
    """

    def __init__(self,
                 patience: int = 200,
                 min_spread: float = 0.3,
                 low_rank: float = 1.1,
                 min_distinct: float = 0.2,
                 window: int = 256) -> None:
        self.patience = patience
        self.window = window
        self.min_spread = min_spread
        self.signs = dict(
            loss=Sign(
                'finite_losses', 0.5, True,
                'the loss is not finite ({:.0%} of the last ones are)',
                'likely causes: too high a learning rate, no warm-up, '
                'float16'),
            few_directions=Sign(
                'effective_rank', low_rank, False,
                "the encoder's features vary along little more than one "
                'direction (effective_rank {:.2f}), which the feature std '
                'does not show',
                'a lower learning rate, a warm-up, a higher momentum of the '
                'target network or a larger batch may help'),
            few_entries=Sign(
                'retrieved_distinct', min_distinct, False,
                'most videos find the same few entries of the memory bank '
                '(retrieved_distinct {:.2f})',
                'likely causes: projections that collapse, or a bank too '
                'small for the batch'))
        self.onsets: Dict[str, int] = {}
        self.checkpoints = GoodCheckpoints()
        # Iterations whose values were read, and the latest features.
        self._read_until = 0
        self._features: List[Tensor] = []

    def before_train(self, runner: Runner) -> None:
        """MMEngine's.

        Raises:
            InputError: If the model does not learn without labels.
        """
        if not hasattr(unwrap(runner), 'online_features'):
            raise InputError(
                'TrainingHealthHook looks at the features of a '
                'SelfSupervisedRecognizer, and '
                f'{type(unwrap(runner)).__name__} is none: leave '
                'default_hooks.training_health out')

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Keep the features; look at everything if the logger is due.

        Raises:
            TrainingStopped: If the run is lost.
        """
        self._features.append(unwrap(runner).online_features)
        while sum(map(len, self._features[1:])) >= self.window:
            del self._features[0]
        if log_is_due(runner, batch_idx):
            start, self._read_until = self._read_until, runner.iter + 1
            values = self._read(runner, self._read_until - start)
            runner.message_hub.update_scalar('train/effective_rank',
                                             values['effective_rank'])
            self._stop_if_not_finite(runner, start)
            self._judge(runner, values, start)

    def _read(self, runner: Runner, count: int) -> Dict[str, float]:
        """Means of the values of the last iterations, over all ranks."""

        def latest(name: str):
            history, _ = runner.message_hub.get_scalar(f'train/{name}').data
            return torch.as_tensor(history[-count:]).double()

        names = [key.partition('/')[2]
                 for key in runner.message_hub.log_scalars
                 if key.startswith('train/')]
        values = dict(
            finite_losses=latest('loss').isfinite().double().mean(),
            effective_rank=effective_rank(torch.cat(self._features)))
        values.update({name: latest(name).mean()
                       for name in names if name.endswith('_spread')})
        if 'retrieved_distinct' in names:
            # Before the bank holds other videos there is nothing to see.
            distinct = latest('retrieved_distinct')[
                latest('scp_target_share') > 0]
            values['retrieved_distinct'] = (
                distinct.mean() if len(distinct) else 1.)
        means = torch.tensor([float(value) for value in values.values()])
        all_reduce(means, op='mean')
        return dict(zip(values, means.tolist()))

    def _judge(self, runner: Runner, values: Dict[str, float],
               start: int) -> None:
        """Warn of what begins, forget what is over, stop what lasts."""
        now = self._read_until
        for name, sign in self._signs(values).items():
            value = values[sign.value]
            if not value < sign.limit * (1.2 if name in self.onsets else 1):
                self.onsets.pop(name, None)
                continue
            since = self.onsets.setdefault(name, start)
            seen = sign.seen.format(value)
            if sign.fatal and now - since >= self.patience:
                _stop_all(
                    f'training was stopped at iteration {now}: {seen}, since '
                    f'iteration {since}; {sign.advice}; '
                    f'{self.checkpoints.way_back(self._lost_since)}')
            if since == start:
                last = (f'; the run will be stopped at iteration '
                        f'{since + self.patience} if this lasts'
                        if sign.fatal else '')
                runner.logger.warning(
                    f'iteration {now}: {seen}; {sign.advice}{last}')
        if self._lost_since is None:
            self.checkpoints.all_are_good()
        else:
            self.checkpoints.protect(runner, self._lost_since)

    def _signs(self, values: Dict[str, float]) -> Dict[str, Sign]:
        """The signs that the logged diagnostics can show."""
        collapsed = {
            name: Sign(
                name, self.min_spread, True,
                'the projections of different videos have become alike '
                f'({name} {{:.2f}}, 0.83 at random)', CAUSES)
            for name in values if name.endswith('_spread')
        }
        return {
            name: sign for name, sign in {**collapsed, **self.signs}.items()
            if sign.value in values
        }

    def _stop_if_not_finite(self, runner: Runner, since: int) -> None:
        names = not_finite(unwrap(runner))
        somewhere = torch.tensor(float(bool(names)))
        all_reduce(somewhere, op='max')
        if somewhere:
            _stop_all(self._not_finite(names, since))

    def _not_finite(self, names: List[str], since: int) -> str:
        """What to say of weights that were finite up to ``since``."""
        since = min(since, self._lost_since or since)
        which = f'{names[0]}, {len(names)} in all' if names else 'another rank'
        return (
            'training was stopped: since some iteration after '
            f'{since} weights or running statistics are not finite ({which}) '
            'and training does not recover from that; likely causes: too high '
            'a learning rate, no warm-up, float16, a broken device; '
            f'{self.checkpoints.way_back(since)}')

    @property
    def _lost_since(self) -> Optional[int]:
        """Iteration of the first onset of a sign that can end the run."""
        return min((since for name, since in self.onsets.items()
                    if name not in self.signs or self.signs[name].fatal),
                   default=None)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse weights that are not finite; add what the hook knows.

        Raises:
            TrainingStopped: If weights are not finite; no file is written.
        """
        iteration = checkpoint['meta']['iter']
        names = not_finite(unwrap(runner))
        if names:
            # On the first rank alone, which is the one that saves.
            raise TrainingStopped(self._not_finite(names, self._read_until))
        self.checkpoints.note(
            runner, iteration, healthy=self._lost_since is None)
        checkpoint['training_health'] = dict(
            self.checkpoints.state_dict(),
            onsets=dict(self.onsets),
            read_until=self._read_until,
            features=[part.cpu() for part in self._features])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take over what a checkpoint that training resumes from knows."""
        if runner._resume and 'training_health' in checkpoint:
            known = checkpoint['training_health']
            device = next(runner.model.parameters()).device
            self.onsets = dict(known['onsets'])
            self.checkpoints.load_state_dict(known)
            self._read_until = known['read_until']
            self._features = [part.to(device) for part in known['features']]


def _stop_all(sentence: str) -> None:
    """End the run on all ranks; the first one knows the checkpoints.

    Raises:
        TrainingStopped: Always, with the first rank's sentence.
    """
    sentences = [sentence]
    broadcast_object_list(sentences)
    raise TrainingStopped(sentences[0])


def not_finite(model: nn.Module) -> List[str]:
    """Names of the weights and running statistics that are not finite."""
    tensors = {
        name: tensor for name, tensor in model.state_dict().items()
        if tensor.is_floating_point() and tensor.numel()
    }
    largest = torch.stack(
        torch._foreach_norm(list(tensors.values()), ord=torch.inf))
    return [
        name for name, finite in zip(tensors, largest.isfinite().tolist())
        if not finite
    ]
