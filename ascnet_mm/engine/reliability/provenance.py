"""What a checkpoint was made from and with."""
from typing import List

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.base import video_datasets
from ...errors import InputError
from ...models.checkpoints import require_same_options, unseen_options
from ...recipe import sees_differences
from ...settings import (
    describe_differences,
    require_same_schedule,
    settings_of,
)
from ...versions import versions
from ..unwrap import unwrap


@HOOKS.register_module()
class ProvenanceHook(Hook):
    """Write into each checkpoint what it was made from and with.

    In addition to what MMEngine keeps under ``meta`` (config, epoch, seed,
    time), these are ``data``, a line per training set; ``versions``;
    ``encoder``, the options that its weights do not show; and ``settings``,
    the config as plain data. A run that is resumed with other settings logs
    what becomes of them.

    Examples:
        >>> default_hooks = dict(provenance=dict(type='ProvenanceHook'))
        >>> hook = HOOKS.build(default_hooks['provenance'])
        >>> from ascnet_mm.models.checkpoints import read_checkpoint
        >>> read_checkpoint('epoch_10.pth')['meta']['data']  # doctest: +SKIP
        ['9537 videos of data/ucf101/ucf101_train_split_1_videos.txt']
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the settings, or, unless training resumes, the encoder's.

        MMAction2's scripts build the encoder as the config says, ours as the
        checkpoint does.

        Raises:
            InputError: As :func:`require_same_schedule`.
        """
        if not runner._resume:
            for line in encoder_differences(checkpoint, runner):
                runner.logger.warning(line)
            return
        require_same_schedule(checkpoint, runner.cfg)
        lines = describe_differences(checkpoint, runner.cfg)
        if lines:
            runner.logger.warning('\n  '.join(
                ['Settings of the checkpoint to resume from:', *lines]))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add them to ``meta``."""
        checkpoint['meta'].update(
            data=[
                f'{len(dataset)} videos of {dataset.source}'
                for dataset in video_datasets(runner.train_dataloader.dataset)
            ],
            versions=versions(),
            settings=settings_of(runner.cfg),
            encoder=unseen_options(unwrap(runner).backbone))


def encoder_differences(checkpoint: dict, runner: Runner) -> List[str]:
    """In what the encoder of a run is not that of a checkpoint.

    Args:
        checkpoint (dict): What its weights come from.
        runner (Runner): The run.

    Returns:
        list[str]: A line for each of: what its weights do not show, and what
        it sees.
    """
    lines = []
    try:
        require_same_options(checkpoint, unwrap(runner).backbone)
    except InputError as error:
        lines.append(f'The checkpoint: {error}')
    there, here = (
        ((settings or {}).get('model') or {}).get('data_preprocessor') or {}
        for settings in ((checkpoint.get('meta') or {}).get('settings'),
                         settings_of(runner.cfg)))
    for name in ('mean', 'std', 'difference'):
        known, given = (part.get(name) for part in (there, here))
        same = known == given if name != 'difference' else (
            sees_differences(there) == sees_differences(here))
        if there and not same:
            lines.append(
                f'The checkpoint: its encoder was trained with model.'
                f'data_preprocessor.{name}={known}, and gets {given}')
    return lines
