"""The pretend GPU in a process; tests of it are skipped where torch cannot."""
import json
import os.path as osp
from contextlib import contextmanager
from typing import Any, Dict, Iterator

import pytest

from ascnet_mm.benchmarking.pretend_gpu import process

GIBI = 2**30


@contextmanager
def skipped_if_unavailable() -> Iterator[None]:
    try:
        yield
    except process.Unavailable as reason:
        pytest.skip(str(reason))


def faults() -> Any:
    """What :mod:`tests.gpu_free.faults` prints."""
    with skipped_if_unavailable():
        return process.run('tests.gpu_free.faults')


def train(configs: Dict[str, dict], videos: str, folder: str,
          ranks: int = 1) -> Dict[str, dict]:
    """What a step of each config launches, waits for and holds.

    Args:
        configs (dict[str, dict]): Their options, by their paths.
        videos (str): A rendered set.
        folder (str): A folder that may be written to.
        ranks (int): That the process believes in. Defaults to 1.
    """
    spec = [
        dict(config=config, videos=videos, options=options,
             work_dir=osp.join(folder, str(number)))
        for number, (config, options) in enumerate(configs.items())
    ]
    with skipped_if_unavailable():
        return dict(zip(configs, process.train(spec, ranks)))


def evaluate(configs: Dict[str, dict], videos: str,
             folder: str) -> Dict[str, dict]:
    """What :func:`tests.gpu_free.evaluations.evaluate` says of each config.

    Args:
        configs (dict[str, dict]): Their options, by their paths.
        videos (str): A rendered set.
        folder (str): A folder that may be written to.
    """
    spec = [
        dict(config=config, videos=videos, options=options,
             work_dir=osp.join(folder, str(number)))
        for number, (config, options) in enumerate(configs.items())
    ]
    with skipped_if_unavailable():
        return dict(zip(configs, process.run(
            'tests.gpu_free.evaluations', json.dumps(spec))))
