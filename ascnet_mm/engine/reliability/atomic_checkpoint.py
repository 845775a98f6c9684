"""Checkpoints that are complete at any moment."""
import os.path as osp
from collections import deque
from typing import Optional

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ...errors import InputError
from ...files import remove_parts, write_whole

# Where MMEngine looks for the newest checkpoint
LAST = 'last_checkpoint'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, with a whole checkpoint at any moment.

    An old checkpoint is removed after the one that replaces it is there, not
    before, and ``last_checkpoint`` always names a whole one.
    :mod:`ascnet_mm.compat.whole_files` makes sure that a file appears only
    when it is whole.

    Args:
        **kwargs: Those of ``CheckpointHook``.

    Raises:
        InputError: If MMEngine does not accept them, such as a ``save_best``
            whose ``rule`` cannot be inferred from its name.

    Examples:
        >>> default_hooks = dict(checkpoint=dict(
        ...     type='AtomicCheckpointHook', interval=10, max_keep_ckpts=3))
        >>> HOOKS.build(default_hooks['checkpoint']).max_keep_ckpts
        3
    """

    def __init__(self, **kwargs) -> None:
        try:
            super().__init__(**kwargs)
        except ValueError as error:
            raise InputError(f'default_hooks.checkpoint: {error}') from error

    def before_train(self, runner: Runner) -> None:
        """Take up where a killed run was, and clear what it left."""
        super().before_train(runner)
        self._adopt_best()
        self.last_ckpt = runner.message_hub.get_info('last_ckpt')
        if is_main_process():
            for folder in {self.out_dir, runner.work_dir}:
                remove_parts(folder, '.pth')
                remove_parts(folder, LAST)

    def after_train(self, runner: Runner) -> None:
        """Publish what is there, if ``published_keys`` asks for it."""
        several = getattr(self, 'best_ckpt_path_dict', {})
        for name in [name for name, path in several.items() if path is None]:
            del several[name]
        super().after_train(runner)

    def _adopt_best(self) -> None:
        """Leave the best checkpoints of another folder alone.

        A run that goes on elsewhere replaces its own: copies of them, if they
        are there. What counts as better is what is better than they were.
        """
        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path = self._here(self.best_ckpt_path)
        for name, path in getattr(self, 'best_ckpt_path_dict', {}).items():
            self.best_ckpt_path_dict[name] = self._here(path)

    def _here(self, path: Optional[str]) -> Optional[str]:
        if path is None:
            return None
        copy = self.file_backend.join_path(self.out_dir, osp.basename(path))
        return copy if self.file_backend.isfile(copy) else None

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict) -> None:
        replaced = []
        if self.max_keep_ckpts > 0:
            kept = [other for other in self.keep_ckpt_ids if other != step]
            kept.append(step)
            replaced = kept[:-self.max_keep_ckpts]
            self.keep_ckpt_ids = deque(kept[-self.max_keep_ckpts:])
            runner.message_hub.update_info('keep_ckpt_ids',
                                           list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        set_last_checkpoint(runner, self.last_ckpt)
        if is_main_process():
            for step in replaced:
                path = self.file_backend.join_path(
                    self.out_dir, self.filename_tmpl.format(step))
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        # MMEngine passes over None.
        for name in self.key_indicators:
            if name != 'auto' and name not in metrics:
                _require_known(runner, name, metrics)
                runner.logger.warning(
                    f'no best checkpoint: this validation gives no {name}')
                metrics = {**metrics, name: None}
        backend = self.file_backend
        self.file_backend = patient = _PatientBackend(backend)
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        for path in patient.replaced - self._best_paths():
            backend.remove(path)

    def _best_paths(self) -> set:
        several = getattr(self, 'best_ckpt_path_dict', {})
        return {getattr(self, 'best_ckpt_path', None), *several.values()}


def _require_known(runner: Runner, name: str, metrics: dict) -> None:
    """Refuse the name of a metric that no validation will give.

    A metric of this validation may have had no video to judge.

    Raises:
        InputError: If no metric of the evaluator gives such names, or one
            gives others of the kind.
    """
    kind = name.split('/')[0]
    kinds = {metric.prefix for metric in runner.val_evaluator.metrics}
    if kind not in kinds or any(
            other.split('/')[0] == kind for other in metrics):
        raise InputError(
            f'default_hooks.checkpoint.save_best={name}: the validation gives '
            f'no such metric, but {", ".join(metrics) or "none"}')


class _PatientBackend:
    """A file backend that only notes what it is to remove."""

    def __init__(self, backend) -> None:
        self._backend = backend
        self.replaced = set()

    def remove(self, path: str) -> None:
        self.replaced.add(path)

    def __getattr__(self, name: str):
        return getattr(self._backend, name)


@master_only
def set_last_checkpoint(runner: Runner, path: str) -> None:
    """Let ``--resume`` without a path go on from a checkpoint."""
    write_whole(
        osp.join(runner.work_dir, LAST), path.encode(),
        'continue with --resume')
