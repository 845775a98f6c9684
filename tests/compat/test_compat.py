"""What importing the package changes in MMEngine, and what it does not."""
import subprocess
import sys

CHANGED = """
from mmengine.fileio.backends.registry_utils import prefix_to_backends
from mmengine.hooks import LoggerHook
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import runner
from mmengine.runner.checkpoint import CheckpointLoader

def functions():
    return (dict(CheckpointLoader._schemes), dict(prefix_to_backends),
            LoggerHook.after_test_epoch, MMDistributedDataParallel.__init__,
            runner.init_dist, runner.convert_sync_batchnorm)

before = functions()
import ascnet_mm
assert functions() == before
import ascnet_mm.compat.applied
after = functions()
print([old != new for old, new in zip(before, after)])
ascnet_mm.compat.apply()
assert functions()[0] == after[0] and functions()[2:] == after[2:]
"""


def test_importing_replaces_nothing_of_mmengine_and_applying_does():
    done = subprocess.run([sys.executable, '-c', CHANGED],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('\n')[-2] == str([True] * 6), done.stdout
