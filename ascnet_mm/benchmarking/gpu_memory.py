"""Launches, waits and memory of a step of the shipped configs, computed."""
import os.path as osp
from tempfile import TemporaryDirectory
from typing import Any, Dict

from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from ..errors import InputError
from ..figures import write_figures
from ..preparation import make_set
from ..shipped import config_path
from .pretend_gpu.process import Unavailable, train

# The method's parts and other data sets take no more than these.
CONFIGS = (
    'r18_k400', 'r2plus1d_k400', 's3dg_k400',
    'baselines/r18_ucf101_symmetric', 'baselines/r18_ucf101_byol',
    'baselines/r18_ucf101_pace', 'baselines/r18_ucf101_pace_contrast',
    'baselines/r18_ucf101_rspnet',
    'finetune/r18_ucf101', 'finetune/r18_hmdb51',
    'finetune/r2plus1d_ucf101', 'finetune/r2plus1d_hmdb51',
    'finetune/s3dg_ucf101', 'finetune/s3dg_hmdb51')  # yapf: disable


def measure(config: str, videos: str, folder: str) -> Dict[str, Any]:
    """Train a few steps of a config on a pretend GPU.

    Args:
        config (str): Below ``configs/ascnet``, without ``.py``.
        videos (str): A rendered set.
        folder (str): A folder that may be written to.

    Returns:
        dict: The ``batch_size``, the ``clip`` (frames, height, width), and
        what :func:`.pretend_gpu.training.measure` returns.

    Raises:
        InputError: If there is no such config, or no pretend GPU with this
            torch.
    """
    name = f'{config}.py'
    cfg = Config.fromfile(config_path(f'ascnet_mm::ascnet/{name}'))
    try:
        step, = train([dict(config=name, videos=videos, work_dir=folder)])
    except Unavailable as reason:
        raise InputError(
            f'gpu_memory needs another release of torch: {reason}') from reason
    return dict(batch_size=cfg.train_dataloader.batch_size,
                clip=[cfg.clip_len, *cfg.scale], **step)


def run(out: str) -> None:
    """Train a few steps of each config; write ``gpu_memory.json``.

    Args:
        out (str): Folder of the file.

    Raises:
        InputError: If this torch cannot do without a GPU.
    """
    shown = Table('config', 'batch', 'launches', 'waits', 'peak, GiB',
                  title='a step on a pretend GPU')
    steps = {}
    with TemporaryDirectory() as folder:
        videos = osp.join(folder, 'videos')
        make_set(videos, train=1, test=0)
        for config in CONFIGS:
            print(config, flush=True)
            step = measure(config, videos, osp.join(folder, 'work'))
            shown.add_row(config, str(step['batch_size']),
                          f'{step["launches"]:,}', str(len(step['waits'])),
                          f'{step["peak"] / 2**30:.1f}')
            steps[config] = step
    Console().print(shown)
    write_figures('gpu_memory', out, steps=steps)
