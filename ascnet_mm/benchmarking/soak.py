"""Whether memory and open files of a long run grow."""
import os
import os.path as osp
import subprocess
import sys
import time
from glob import glob
from tempfile import TemporaryDirectory
from typing import Dict, List, Tuple

import numpy as np

from ..errors import InputError
from ..figures import write_figures

INTERVAL = 10  # seconds
# A tiny encoder, so that as many videos as can be go through the loader.
OPTIONS = ('clip_len=4', 'scale=(32,32)', 'batch_size=8',
           'model.backbone.base_channels=2', 'model.acp_head.in_channels=16',
           'model.scp_head.in_channels=16', 'model.memory_bank.size=512',
           'train_dataloader.num_workers=2', 'val_dataloader.num_workers=1',
           'train_cfg.max_epochs=1000000', 'train_cfg.val_interval=20',
           'default_hooks.checkpoint.interval=20')


def children(process: int) -> List[int]:
    """Processes that a process has started: the workers of its loaders."""
    found = []
    for path in glob(f'/proc/{process}/task/*/children'):
        with open(path) as file:
            found += map(int, file.read().split())
    return sorted(found)


def usage(process: int) -> Tuple[float, int]:
    """Resident memory that no other process shares, MB, and open files."""
    with open(f'/proc/{process}/status') as file:
        fields = dict(line.split(':', 1) for line in file)
    return (int(fields['RssAnon'].split()[0]) / 1024,
            len(os.listdir(f'/proc/{process}/fd')))


def watch(run: subprocess.Popen, minutes: float) -> Dict[str, List[tuple]]:
    """Sample a run and its workers until time is up.

    Args:
        run (subprocess.Popen): The run.
        minutes (float): How long.

    Returns:
        dict[str, list[tuple]]: Minutes, MB and open files of each process
        that lived to the end.

    Raises:
        InputError: If the run ends before.
    """
    samples: Dict[int, List[tuple]] = {}
    start = time.monotonic()
    while (now := (time.monotonic() - start) / 60) < minutes:
        if run.poll() is not None:
            raise InputError(f'the run ended with {run.returncode} after '
                             f'{now:.1f} minutes')
        for process in [run.pid, *children(run.pid)]:
            try:
                sample = usage(process)
            except (FileNotFoundError, KeyError):
                continue  # it has just ended
            samples.setdefault(process, []).append((round(now, 2), *sample))
        time.sleep(INTERVAL)
    lasting = [process for process in samples
               if samples[process][-1][0] > minutes - 1]
    return {
        'main process' if process == run.pid else f'worker {number}':
        samples[process] for number, process in enumerate(lasting)
    }


def summary(samples: List[tuple]) -> Dict[str, float]:
    """What a process had after a tenth of the time, at the end, and growth.

    The first tenth is for starting.
    """
    minutes, megabytes, files = np.array(
        samples[len(samples) // 10:], dtype=float).T
    return dict(
        mb_first=round(float(megabytes[0]), 1),
        mb_last=round(float(megabytes[-1]), 1),
        mb_per_hour=round(
            60 * float(np.polyfit(minutes, megabytes, 1)[0]), 2),
        files_first=int(files[0]),
        files_last=int(files[-1]),
        files_most=int(files.max()))


def run(videos: str, minutes: float, out: str) -> None:
    """Train for a while; write ``reliability_soak.json``.

    Args:
        videos (str): Folder of prepared videos.
        minutes (float): How long.
        out (str): Folder of the file.

    Raises:
        InputError: If the run ends before, or does not save when it is told
            to end.
    """
    with TemporaryDirectory() as folder:
        with open(osp.join(folder, 'log.txt'), 'w') as log:
            process = subprocess.Popen([
                sys.executable, '-m', 'ascnet_mm_cli', 'train',
                'ascnet_mm::ascnet/r18_folder.py', '--work-dir', folder,
                '--cfg-options', f'data_root={osp.abspath(videos)}',
                *OPTIONS
            ], stdout=log, stderr=subprocess.STDOUT)  # yapf: disable
            try:
                samples = watch(process, minutes)
            finally:
                process.terminate()
                process.wait()
        with open(osp.join(folder, 'log.txt')) as log:
            ended = [line for line in log if 'Terminated at iteration' in line]
    if not ended:
        raise InputError('the run did not end as told to: it saved nothing')
    iterations = int(ended[0].split('iteration ')[1].split(':')[0])
    processes = {name: summary(rows) for name, rows in samples.items()}
    for name, figures in processes.items():
        print(name, figures)
    write_figures(
        'reliability_soak',
        out,
        settings=dict(
            minutes=minutes,
            interval=INTERVAL,
            iterations=iterations,
            videos_loaded=8 * iterations,
            exit_code=process.returncode),
        processes=processes,
        samples=samples)
