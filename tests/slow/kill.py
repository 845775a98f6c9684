"""Kill training at random moments, resume it, and compare where it ends.

    python -m tests.slow.kill --kills 30 --seed 0

tools/train.py runs on 12 rendered videos with a checkpoint after each second
iteration. Its whole process group is killed (SIGKILL), up to three times a
run, and each time it is resumed. Every third kill waits until a checkpoint
is half-written. What a run ends with is compared bit for bit with that of a
run that was left alone. The figures go to benchmarks/reliability_kill.json.
"""
import argparse
import os
import os.path as osp
import runpy
import signal
import sys
import tempfile
import time
from glob import glob
from typing import Callable, List, Optional, Tuple

import numpy as np
import torch

from ascnet_mm import files

from ..conftest import ROOT
from ..helpers.resuming import differences

WORKERS = (0, 1, 3)
KILLS_A_RUN = 3


def make_videos(root: str) -> str:
    """The folder of 12 rendered videos."""
    from ascnet_mm.preparation import make_set
    make_set(root, train=1, test=1, seed=0)
    folder = osp.join(root, 'videos')
    for path in sorted(glob(f'{folder}/**/*.*', recursive=True))[12:]:
        os.remove(path)
    return folder


def options(videos: str, work_dir: str, workers: int) -> List[str]:
    """The command line: 10 training videos, batches of 2, three epochs."""
    loaders = [
        f'{part}_dataloader.{option}' for part in ('train', 'val')
        for option in (f'num_workers={workers}',
                       f'persistent_workers={workers > 0}')
    ]
    return [
        'configs/ascnet/r18_folder.py', '--work-dir', work_dir, '--resume',
        '--seed', '3', '--cfg-options', f'data_root={videos}', 'clip_len=4',
        'scale=(24,24)', 'batch_size=2', 'model.backbone.base_channels=2',
        'model.acp_head.in_channels=16', 'model.scp_head.in_channels=16',
        'model.acp_head.hidden_channels=8',
        'model.scp_head.hidden_channels=8', 'model.memory_bank.size=16',
        'train_cfg.max_epochs=3', 'train_cfg.val_interval=1',
        'default_hooks.logger.interval=3',
        'default_hooks.checkpoint.by_epoch=False',
        'default_hooks.checkpoint.interval=2',
        'default_hooks.checkpoint.max_keep_ckpts=1',
        'default_hooks.checkpoint.save_best=same_video/top1', *loaders
    ]


class SlowFile:
    """A file on a slow disk: a write takes a tenth of a second."""

    def __init__(self, *args) -> None:
        self._file = open(*args)  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def write(self, content: bytes) -> None:
        step = len(content) // 10 + 1
        for start in range(0, len(content), step):
            self._file.write(content[start:start + step])
            self._file.flush()
            time.sleep(.01)


def start(arguments: List[str], log: str) -> int:
    """Run tools/train.py in a process group of its own.

    Forked from this process, which has everything imported already.
    """
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        os.setsid()
        with open(log, 'a') as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        files.open = SlowFile
        sys.argv = ['tools/train.py', *arguments]
        runpy.run_path(osp.join(ROOT, 'tools/train.py'), run_name='__main__')
        status = 0
    except SystemExit as end:
        status = 0 if end.code in (None, 0) else 1
        print(end.code, file=sys.stderr)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)


def ended(process: int) -> Optional[int]:
    """The exit status of a process; None while it runs."""
    found, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def wait(process: int, until: Callable[[], bool]) -> Optional[int]:
    """Wait for an event, or for the process to end: then its status."""
    while not until():
        status = ended(process)
        if status is not None:
            return status
        time.sleep(.002)
    return None


def run(videos: str, work_dir: str, workers: int,
        kills: List[Tuple[float, bool]]) -> List[dict]:
    """Train to the end, killed and resumed a number of times.

    Args:
        videos (str): Folder of the videos.
        work_dir (str): A new folder.
        workers (int): Of each loader.
        kills (list[tuple[float, bool]]): Of each, after how many seconds,
            and whether a checkpoint must be half-written then.

    Returns:
        list[dict]: What each kill met. Fewer than asked for, if the run came
        to its end before.

    Raises:
        RuntimeError: If the script failed otherwise.
    """
    os.makedirs(work_dir)
    arguments = options(videos, work_dir, workers)
    log, met = osp.join(work_dir, 'printed.txt'), []
    for seconds, writing in [*kills, (float('inf'), False)]:
        process = start(arguments, log)
        due = time.monotonic() + seconds
        status = wait(process, lambda due=due: time.monotonic() > due)
        if writing and status is None:
            status = wait(process, lambda: bool(parts(work_dir)))
        if status is None:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            met.append(dict(
                workers=workers,
                seconds=round(seconds, 2),
                half_written=[osp.basename(p) for p in parts(work_dir)],
                resumes_at=iteration(work_dir)))
        elif status == 0:
            break
        else:
            with open(log) as file:
                raise RuntimeError(file.read()[-2000:])
    return met


def parts(work_dir: str) -> List[str]:
    return glob(f'{work_dir}/*.part')


def last(work_dir: str) -> Optional[dict]:
    pointer = osp.join(work_dir, 'last_checkpoint')
    if not osp.isfile(pointer):
        return None
    with open(pointer) as file:
        return torch.load(file.read(), weights_only=False)


def iteration(work_dir: str) -> int:
    """Of the checkpoint that a resumed run will go on from."""
    checkpoint = last(work_dir)
    return checkpoint['meta']['iter'] if checkpoint else 0


def best(work_dir: str) -> dict:
    """Name and weights of the best checkpoint, of which there is one."""
    path, = glob(f'{work_dir}/best_*.pth')
    return {osp.basename(path): torch.load(path, weights_only=False)}


def experiment(kills: int, seed: int) -> dict:
    """Kill runs until there were enough kills.

    Returns:
        dict: ``kills`` and ``runs``, what each met and ended with.
    """
    rng = np.random.default_rng(seed)
    found: dict = dict(kills=[], runs=[])
    with tempfile.TemporaryDirectory() as folder:
        videos = make_videos(osp.join(folder, 'set'))
        alone = osp.join(folder, 'alone')
        begin = time.monotonic()
        run(videos, alone, 0, [])
        whole = time.monotonic() - begin
        while len(found['kills']) < kills:
            number = len(found['runs'])
            work_dir = osp.join(folder, str(number))
            left = min(KILLS_A_RUN, kills - len(found['kills']))
            planned = [(rng.uniform(.2, 1) * whole, bool(index % 3 == 2))
                       for index in range(number, number + left)]
            met = run(videos, work_dir, WORKERS[number % 3], planned)
            different = differences(last(work_dir), last(alone))
            (name, one), = best(work_dir).items()
            (other_name, other), = best(alone).items()
            if name != other_name or any(
                    not torch.equal(value, other['state_dict'][key])
                    for key, value in one['state_dict'].items()):
                different.append('best')
            found['kills'] += met
            found['runs'].append(dict(
                workers=WORKERS[number % 3],
                kills=len(met),
                parts_left=len(parts(work_dir)),
                differences=different))
            print(found['runs'][-1], flush=True)
    return found


def main() -> None:
    from ascnet_mm.figures import write_figures
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=30)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--out', default='benchmarks', help='folder of the JSON file')
    args = parser.parse_args()
    sys.argv[:1] = ['-m', 'tests.slow.kill']
    found = experiment(args.kills, args.seed)
    write_figures(
        'reliability_kill',
        args.out,
        settings=dict(kills=args.kills, seed=args.seed, iterations=15,
                      checkpoint_interval=2, workers=WORKERS),
        **found,
        kills_while_writing=sum(
            bool(kill['half_written']) for kill in found['kills']),
        identical_runs=sum(
            not run['differences'] for run in found['runs']))


if __name__ == '__main__':
    main()
