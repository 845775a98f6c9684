"""A lock on the work folder of a training."""
import logging
import os.path as osp
from glob import escape, glob

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner, find_latest_checkpoint

from ...lock import hold, leave, on_first_rank


@HOOKS.register_module()
class WorkFolderHook(Hook):
    """Keep a work folder to one training at a time.

    The lock ends with the process, however the process ends. On a file system
    without locks, there is none. Tests may run at the same time as a training
    run. A run that starts anew in a folder with checkpoints warns that it will
    replace them.

    Raises:
        InputError: In ``before_run``, if another training has the folder.

    Examples:
        >>> default_hooks = dict(work_folder=dict(type='WorkFolderHook'))
        >>> HOOKS.build(default_hooks['work_folder']).priority
        'VERY_HIGH'
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Take the folder, before anything in it is removed or replaced."""
        if not isinstance(runner._train_loop, BaseLoop):
            return
        on_first_rank(hold, runner.work_dir)
        # MMEngine begins anew, too, where it finds nothing to resume from.
        if not (runner._resume and (
                runner._load_from or find_latest_checkpoint(runner.work_dir))):
            _warn_of_others(runner)

    def after_run(self, runner: Runner) -> None:
        """Give the folder back."""
        leave(runner.work_dir)


def _warn_of_others(runner: Runner) -> None:
    names = sorted(
        osp.basename(path)
        for path in glob(osp.join(escape(runner.work_dir), '*.pth')))
    if names:
        more = f' and {len(names) - 3} more' if len(names) > 3 else ''
        runner.logger.log(
            logging.WARNING,
            f'{runner.work_dir} holds checkpoints of another run '
            f'({", ".join(names[:3])}{more}): those of the same names will be '
            'replaced; choose another --work-dir to keep them, or give '
            '--resume to go on from them')
