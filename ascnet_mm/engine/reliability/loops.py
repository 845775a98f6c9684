"""A training loop that resumes at any iteration."""
from itertools import islice
from typing import Dict, Iterator, List, Optional, Union

from mmaction.registry import LOOPS
from mmengine.dist import all_gather_object, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import BatchSampler, DataLoader

from ...errors import InputError
from ..unwrap import unwrap


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """MMEngine's ``EpochBasedTrainLoop``, resuming at any iteration.

    A run that continues from a checkpoint ends like one that was never
    stopped. It enters the epoch after the batches that were seen, of which
    nothing is decoded again. It draws the samples in the same order, even if
    no seed was given. It has the gradients of an unfinished accumulation (with
    one process: with several ranks they are lost, and the log says so, unless
    checkpoints and epochs end on optimizer steps). A validation that was due
    when the run was stopped is made up for.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Of the training set; it counts
            batches.
        **kwargs: Those of ``EpochBasedTrainLoop``.

    Raises:
        InputError: If the loader's ``batch_size`` is None, or its sampler has
            no ``seed``, as MMEngine's have.

    Examples:
        >>> train_cfg = dict(
        ...     type='ResumableEpochLoop', max_epochs=200, val_interval=10)
        >>> LOOPS.get(train_cfg['type']) is ResumableEpochLoop
        True
        >>> loop = runner.build_train_loop(train_cfg)  # doctest: +SKIP
        >>> model = loop.run()  # doctest: +SKIP
    """

    def __init__(self, runner: Runner, dataloader: Union[DataLoader, Dict],
                 **kwargs) -> None:
        super().__init__(runner, dataloader, **kwargs)
        if self.dataloader.batch_sampler is None:
            raise InputError('a loader without batches cannot be resumed: '
                             'set train_dataloader.batch_size')
        sampler = self.dataloader.batch_sampler.sampler
        if not hasattr(sampler, 'seed'):
            raise InputError(
                f'the order of a {type(sampler).__name__} cannot be resumed: '
                "use train_dataloader.sampler=dict(type='DefaultSampler')")
        self._batches = _Batches(self.dataloader.batch_sampler)
        # The loader refuses a new one, lest its batch_size be wrong; it is
        # as right as before.
        object.__setattr__(self.dataloader, 'batch_sampler', self._batches)
        runner.register_hook(_PositionHook())

    def run(self) -> nn.Module:
        """Train, and validate when it is due.

        Raises:
            InputError: If ranks resume at different iterations.
        """
        # Before hooks communicate, which some would do at the start alone.
        self._require_one_start()
        self.runner.call_hook('before_train')
        if self._iter > 0 and self.seen == 0:
            self._validate_if_due()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate_if_due()
        self.runner.call_hook('after_train')
        return self.runner.model

    def _require_one_start(self) -> None:
        """Refuse ranks that do not go on from the same iteration.

        Raises:
            InputError: If they do not.
        """
        starts = sorted(set(all_gather_object(self._iter)))
        if len(starts) > 1:
            raise InputError(
                'some ranks found another checkpoint to resume from, or none: '
                f'they begin at the iterations {starts}; give --resume the '
                'path of a checkpoint, or a --work-dir, that all nodes see')

    def run_epoch(self) -> None:
        """Iterate over what is left of the epoch."""
        self._batches.start = self.seen
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for index, batch in enumerate(self.dataloader, self.seen):
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    @property
    def seen(self) -> int:
        """int: Batches of this epoch that were trained on."""
        return self._iter - self._epoch * len(self.dataloader)

    def _validate_if_due(self) -> None:
        self._decide_current_val_interval()
        runner = self.runner
        if (runner.val_loop is not None and self._epoch >= self.val_begin
                and (self._epoch % self.val_interval == 0
                     or self._epoch == self._max_epochs)
                and runner.message_hub.get_info('validated') != self._epoch):
            runner.val_loop.run()


class _Batches:
    """A batch sampler that leaves out the first ``start`` batches.

    Not a shorter copy of it: the iterator of persistent workers keeps the
    object it was made with for all epochs.
    """

    def __init__(self, batches: BatchSampler) -> None:
        self.batches = batches
        self.start = 0

    def __iter__(self) -> Iterator[List[int]]:
        return islice(self.batches, self.start, None)

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str):
        if name == 'batches':  # of one that is being copied
            raise AttributeError(name)
        return getattr(self.batches, name)


class _PositionHook(Hook):
    """What MMEngine's checkpoints do not say of where a run is."""

    def __init__(self) -> None:
        self._warned = False

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[dict] = None) -> None:
        """Note the validation, before a checkpoint of the best is saved."""
        runner.message_hub.update_info('validated', runner.epoch)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add length and order of the epoch, and unfinished gradients."""
        checkpoint['meta'].update(
            batches_per_epoch=len(runner.train_dataloader),
            sampler_seed=_sampler(runner).seed)
        gradients = {
            name: weight.grad.cpu()
            for name, weight in unwrap(runner).named_parameters()
            if weight.grad is not None
        }
        if 'optimizer' not in checkpoint or not gradients:
            return
        # Those of other ranks are out of reach here.
        if get_world_size() == 1:
            checkpoint['gradients'] = gradients
        elif not self._warned:
            self._warned = True
            at = checkpoint['meta']['iter']
            runner.logger.warning(
                f'The checkpoint of iteration {at} lies between two optimizer '
                'steps: whoever resumes from it loses what was accumulated. '
                'Let checkpoints and epochs end on multiples of '
                'optim_wrapper.accumulative_counts')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take them over, if training resumes.

        Raises:
            InputError: If an epoch has another number of batches now.
        """
        if not runner._resume:
            return
        meta, length = checkpoint['meta'], len(runner.train_dataloader)
        saved = meta.get('batches_per_epoch', length)
        if saved != length or not 0 <= (
                meta['iter'] - meta['epoch'] * length) <= length:
            raise InputError(
                f'the checkpoint to resume from is at iteration '
                f'{meta["iter"]} of a run with {saved} batches an epoch, and '
                f'this one has {length}: use the same videos and the same '
                'batch_size, over all ranks')
        _sampler(runner).seed = meta.get('sampler_seed', runner.seed)
        weights = dict(unwrap(runner).named_parameters())
        for name, gradient in checkpoint.get('gradients', {}).items():
            weights[name].grad = gradient.to(weights[name])


def _sampler(runner: Runner):
    return runner.train_dataloader.batch_sampler.sampler
