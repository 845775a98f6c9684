"""In MMEngine 0.10 all ranks write the metrics of a test to one file."""
from mmengine.dist import master_only
from mmengine.hooks import LoggerHook


def write_metrics_once() -> None:
    """Let the first rank alone write the metrics of a test to their file.

    MMEngine's hook has all ranks write it, at the same time, which can leave
    two pieces of JSON in it. No thread reports it; written for MMEngine 0.10.
    """
    if not hasattr(LoggerHook.after_test_epoch, '__wrapped__'):
        LoggerHook.after_test_epoch = master_only(LoggerHook.after_test_epoch)
