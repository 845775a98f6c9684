"""A script that imports the package and prints, as JSON, what came of it.

Run once for all tests that need an interpreter which has imported nothing.
"""
import json
import sys

from mmengine.fileio.backends.registry_utils import prefix_to_backends
from mmengine.hooks import LoggerHook
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import runner
from mmengine.runner.checkpoint import CheckpointLoader


def functions() -> tuple:
    """Those that ``ascnet_mm.compat`` replaces."""
    return (dict(CheckpointLoader._schemes), dict(prefix_to_backends),
            LoggerHook.after_test_epoch, MMDistributedDataParallel.__init__,
            runner.init_dist, runner.convert_sync_batchnorm)


before = functions()
import ascnet_mm  # noqa: E402

found = dict(
    replaced_by_import=functions() != before,
    modules=sorted(sys.modules),
    names=dir(ascnet_mm))
import ascnet_mm.compat.applied  # noqa: E402

after = functions()
ascnet_mm.compat.apply()
again = functions()
found.update(
    replaced=[old != new for old, new in zip(before, after)],
    replaced_twice=again[0] != after[0] or again[2:] != after[2:])
print(json.dumps(found))
