from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class SkippedVideosHook(Hook):
    """Say at the end of a run how many videos could not be read."""

    def after_train(self, runner: Runner) -> None:
        """Count the training set's skipped videos."""
        dataset = runner.train_dataloader.dataset
        runner.logger.info(
            f'{dataset.skipped_count} of {len(dataset)} training videos '
            'could not be read and were replaced')
