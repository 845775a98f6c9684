"""``python -m ascnet_mm.benchmarking.pretend_gpu.step SIZES DTYPE``.

SIZES is :class:`..step.Sizes` as JSON; what :func:`count` returns is printed
likewise.
"""
import json
import sys
from typing import Any, Dict

from mmengine.registry import init_default_scope

from ..step import Sizes, Step
from .device import PretendGPU, pretend_gpu


def count(gpu: PretendGPU, sizes: Sizes, dtype: str) -> Dict[str, Any]:
    """Launches and waits of the step and of the augmentation before it.

    Args:
        gpu (PretendGPU): The device.
        sizes (Sizes): Of the step.
        dtype (str): Of the step.

    Returns:
        dict: Of ``step`` and ``augmentation`` the ``launches`` and the
        ``waits``, each as ``operation at file:line``.
    """
    init_default_scope('mmaction')
    step = Step(sizes, 'cuda', dtype)
    counted = {}
    for name, part in {'step': step.whole,
                       'augmentation': step.augmentation}.items():
        part()  # the first one makes momentum buffers
        gpu.reset()
        part()
        counted[name] = dict(
            launches=sum(gpu.launches.values()),
            waits=[f'{wait.operation} at {wait.where}'
                   for wait in gpu.waits])
    return counted


if __name__ == '__main__':
    with pretend_gpu() as device:
        print(json.dumps(
            count(device, Sizes(**json.loads(sys.argv[1])), sys.argv[2])))
