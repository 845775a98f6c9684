from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.base import video_datasets
from ...models.pretrained import unseen_options
from ...versions import versions
from .unwrap import unwrap


@HOOKS.register_module()
class ProvenanceHook(Hook):
    """Write into each checkpoint what it was made from and with.

    Beside what MMEngine keeps under ``meta`` (config, epoch, seed, time):
    ``data``, a line per training set, ``versions``, and ``encoder``, the
    options that its weights do not show.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add them to ``meta``."""
        checkpoint['meta'].update(
            data=[
                f'{len(dataset)} videos of {dataset.source}'
                for dataset in video_datasets(runner.train_dataloader.dataset)
            ],
            versions=versions(),
            encoder=unseen_options(unwrap(runner).backbone))
