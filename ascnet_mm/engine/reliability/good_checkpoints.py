"""The last checkpoints from before a run collapsed or diverged."""
from collections import deque
from typing import List, Optional, Tuple

from mmengine.fileio import exists, join_path
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


class GoodCheckpoints:
    """Remembers the last good checkpoint, and keeps it from being deleted.

    A checkpoint is good if what is read after it shows no sign that could
    end the run.
    """

    def __init__(self) -> None:
        # Iteration and path: the last one known to be good, and those saved
        # since.
        self._saved: List[Tuple[int, str]] = []
        self._named: Optional[str] = None

    def note(self, runner: Runner, iteration: int, healthy: bool) -> None:
        """Remember the checkpoint that is being saved.

        Args:
            runner (Runner): It has the name of the checkpoint.
            iteration (int): Its iteration.
            healthy (bool): Whether nothing is against it so far.
        """
        path = runner.message_hub.runtime_info.get('last_ckpt')
        # A checkpoint of the best weights leaves the name of the one before.
        if path != self._named and healthy:
            self._saved.append((iteration, path))
        self._named = path

    def all_are_good(self) -> None:
        """The values that were read show no sign."""
        self._saved = self._saved[-1:]

    def protect(self, runner: Runner, since: int) -> None:
        """Keep the last one from before an onset from ``CheckpointHook``.

        Args:
            runner (Runner): Its hooks delete checkpoints.
            since (int): Iteration of the onset.
        """
        self._saved = self._before(since)
        kept = [path for _, path in self._saved]
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and hook.max_keep_ckpts > 0:
                hook.keep_ckpt_ids = deque(
                    (step for step in hook.keep_ckpt_ids if join_path(
                        hook.out_dir, hook.filename_tmpl.format(step))
                     not in kept), hook.max_keep_ckpts)

    def way_back(self, since: int) -> str:
        """Say which checkpoint to go on from.

        Args:
            since (int): Iteration since which the run is lost.
        """
        for iteration, path in self._before(since):
            if exists(path):
                return (f'the last good checkpoint is {path} (iteration '
                        f'{iteration}): resume from it (--resume {path}), or '
                        'start from its weights with other settings '
                        f'(--cfg-options load_from={path})')
        return ('no good checkpoint was saved before: start again with other '
                'settings')

    def state_dict(self) -> dict:
        """What a resumed run has to know."""
        return dict(saved=list(self._saved), named=self._named)

    def load_state_dict(self, known: dict) -> None:
        """Take over what :meth:`state_dict` gave."""
        self._saved = list(known['saved'])
        self._named = known['named']

    def _before(self, since: int) -> List[Tuple[int, str]]:
        return [entry for entry in self._saved if entry[0] < since][-1:]
