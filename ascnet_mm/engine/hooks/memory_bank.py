"""Filling the memory bank, and saving it."""
from typing import Optional

import torch
import torch.distributed as dist
from mmaction.registry import HOOKS
from mmengine.dist import all_gather, get_backend, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ...models.memory_bank import BankEntries
from ...models.selfsup.base import MemoryBankRecognizer
from ..unwrap import unwrap


@HOOKS.register_module()
class MemoryBankHook(Hook):
    """Fill the memory bank after each iteration, and save it.

    As in section C, each step adds its own target features after it has
    searched the bank. With several ranks, every bank gets the entries of all
    ranks, in the order in which one process would have had them. Full
    checkpoints store the bank under ``memory_bank``; a resumed run restores
    it. A model without a bank is left alone.

    Examples:
        >>> default_hooks = dict(memory_bank=dict(type='MemoryBankHook'))
        >>> hook = HOOKS.build(default_hooks['memory_bank'])
        >>> from ascnet_mm.models.checkpoints import read_checkpoint
        >>> sorted(read_checkpoint(
        ...     'epoch_10.pth')['memory_bank'])  # doctest: +SKIP
        ['rings', 'size']
    """

    def __init__(self) -> None:
        self._cpus: Optional[dist.ProcessGroup] = None

    def before_train(self, runner: Runner) -> None:
        """Make a process group of CPUs, if the ranks of the run use GPUs.

        What the bank stores on the CPU is then exchanged without the GPUs, for
        which the CPU would have to wait.
        """
        if (isinstance(unwrap(runner), MemoryBankRecognizer)
                and get_world_size() > 1 and get_backend() == 'nccl'):
            self._cpus = dist.new_group(backend='gloo')

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Enter what the iteration found, and log how full the bank is."""
        model = unwrap(runner)
        if not isinstance(model, MemoryBankRecognizer):
            return
        bank, entries = model.memory_bank, model.take_bank_entries()
        labels = torch.stack((entries.speeds, entries.video_ids), dim=1)
        bank.enqueue(
            BankEntries(
                _gather(entries.appearance), _gather(entries.motion),
                *_gather(labels, self._cpus).unbind(dim=1)))
        for speed in bank.speeds:
            runner.message_hub.update_scalar(f'train/bank_fill_{speed}x',
                                             bank.fill(speed))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the bank to a checkpoint."""
        model = unwrap(runner)
        if isinstance(model, MemoryBankRecognizer):
            checkpoint['memory_bank'] = model.memory_bank.state_dict()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the bank from a checkpoint that training resumes from.

        Raises:
            InputError: If the config asks for a bank of another size.
        """
        if runner._resume and 'memory_bank' in checkpoint:
            model = unwrap(runner)
            model.memory_bank.load_state_dict(
                checkpoint['memory_bank'],
                device=next(model.parameters()).device)


def _gather(rows: Tensor,
            group: Optional[dist.ProcessGroup] = None) -> Tensor:
    """Rows of all ranks, interleaved as the sampler had dealt them out."""
    return torch.stack(all_gather(rows, group), dim=1).flatten(0, 1)
