"""Runs of the scripts, each in a process of its own, and their records."""
import json
import math
import os
import os.path as osp
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from glob import escape, glob
from itertools import groupby
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set

from mmengine.config import Config

from ascnet_mm.apis import save_untrained
from ascnet_mm.files import write_lines

from .plan import (
    PRETRAIN,
    ROOT,
    UNTRAINED,
    Evaluation,
    Method,
    Videos,
    digest,
    sized,
    slug,
)

Record = Dict[str, Any]


class Job(NamedTuple):
    """A pre-training or an evaluation.

    Beside the folder ``path`` stand its config, ``path.py``, what it
    printed, ``path.log``, and once it has ended its record, ``path.json``.

    Attributes:
        method (str): Name of the method.
        seed (int): The seed.
        kind (str): ``'pretrain'``, ``'untrained'`` or the evaluation's name.
        path (str): Its folder, absolute.
        cfg (Config): What the script gets.
        checkpoint (str): What it writes, or judges.
    """
    method: str
    seed: int
    kind: str
    path: str
    cfg: Config
    checkpoint: str

    @property
    def title(self) -> str:
        """str: For messages."""
        return f'{self.method}, seed {self.seed}: {self.kind}'


def make_jobs(methods: Sequence[Method], evaluations: Sequence[Evaluation],
              seeds: Sequence[int], videos: Videos, work_dir: str,
              workers: int) -> List[Job]:
    """All jobs, seed by seed, evaluations after what they judge.

    A job's folder is named after a digest of all that its figures depend on,
    but for the machine and the versions, so that experiments share jobs.
    """
    work_dir = osp.abspath(work_dir)
    jobs = []
    for seed in seeds:
        for method in methods:
            first = _first_job(method, seed, videos, work_dir, workers)
            jobs.append(first)
            for evaluation in evaluations:
                if method.name not in evaluation.source.get(
                        'methods', [method.name]):
                    continue
                cfg = Config(evaluation.cfg.to_dict())
                cfg.test_dataloader.num_workers = workers
                if 'ann_file' not in cfg.test_dataloader.dataset:
                    cfg.test_dataloader.dataset.update(
                        ann_file=list_file(work_dir, videos.kept_out),
                        data_prefix=dict(video=videos.folder))
                folder = f'{slug(evaluation.name)}_{evaluation.identity}'
                jobs.append(
                    first._replace(
                        kind=evaluation.name,
                        path=osp.join(first.path, folder),
                        cfg=cfg))
    return jobs


def _first_job(method: Method, seed: int, videos: Videos, work_dir: str,
               workers: int) -> Job:
    """The one that makes the checkpoint."""
    cfg = Config(method.cfg.to_dict())
    cfg.randomness = dict(seed=seed)
    trains = method.epochs > 0
    seen = sized(videos.folder, videos.pretrain) if trains else None
    identity = digest(cfg.to_dict(), seen)
    if trains:
        cfg.train_dataloader.num_workers = workers
        cfg.train_dataloader.dataset.update(
            ann_file=list_file(work_dir, videos.pretrain),
            data_prefix=dict(video=videos.folder))
    path = osp.join(work_dir, f'{slug(method.name)}_seed{seed}_{identity}')
    return Job(method.name, seed, PRETRAIN if trains else UNTRAINED, path, cfg,
               osp.join(path, f'epoch_{method.epochs}.pth'))


def list_file(work_dir: str, paths: Sequence[str]) -> str:
    """Where a list of videos is written."""
    return osp.join(osp.abspath(work_dir), f'videos_{digest(paths)}.txt')


class Stopped(Exception):
    """The scripts were told to end before theirs."""


class Scripts:
    """Scripts that run side by side and can be ended together.

    Args:
        at_once (int): How many there will be; each computes on its share of
            the cores, unless ``OMP_NUM_THREADS`` says otherwise.
    """

    def __init__(self, at_once: int) -> None:
        share = max(1, len(os.sched_getaffinity(0)) // at_once)
        self.environment = {'OMP_NUM_THREADS': str(share), **os.environ}
        self._running: Set[subprocess.Popen] = set()
        self._ended = False
        self._lock = threading.Lock()

    def call(self, script: Sequence[str], log_file: str) -> int:
        """Run a script of this repository, and append what it prints.

        Returns:
            int: Its exit code, negative for a signal.

        Raises:
            Stopped: If :meth:`end` was called before it ended.
        """
        with open(log_file, 'a') as log:
            with self._lock:
                if self._ended:
                    raise Stopped
                process = subprocess.Popen(
                    [sys.executable, *script],
                    stdout=log, stderr=subprocess.STDOUT, cwd=ROOT,
                    env=self.environment)  # yapf: disable
                self._running.add(process)
            code = process.wait()
            with self._lock:
                self._running.remove(process)
                if self._ended:
                    raise Stopped
        return code

    def end(self) -> None:
        """End all: a training saves a checkpoint, and no other begins."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.terminate()


class Progress:
    """The records of the jobs that have ended, and a line for each.

    Attributes:
        records (dict[str, dict]): By the jobs' paths.
    """

    def __init__(self, jobs: Sequence[Job], at_once: int) -> None:
        self.jobs = jobs
        self.at_once = at_once
        self.records: Dict[str, Record] = {}
        self._start = time.time()
        self._lock = threading.Lock()
        for job in jobs:
            record = read_record(job.path)
            if record.get('state') == 'done':
                self.records[job.path] = record
        print(f'{len(self.records)} of {len(jobs)} jobs were done before',
              flush=True)

    def add(self, job: Job, record: Record) -> None:
        """Take over a record, and say so."""
        note = (f'({record["reason"]})' if 'reason' in record else
                'after it was resumed' if record['seconds'] is None else
                f'in {short(record["seconds"])}')
        with self._lock:
            self.records[job.path] = record
            left = expected_seconds(self.jobs, self.records)
            left = left and left / self.at_once
            print(
                f'[{len(self.records)}/{len(self.jobs)}] {job.title}: '
                f'{record["state"]} {note} '
                f'({short(time.time() - self._start)} so far, '
                f'{short(left)} to go)',
                flush=True)


def run_jobs(jobs: Sequence[Job], videos: Videos, work_dir: str,
             at_once: int = 1) -> Dict[str, Record]:
    """Run what is not done, and print a line for each.

    A job that breaks does not keep the others from running.

    Args:
        jobs (Sequence[Job]): As :func:`make_jobs` returns them.
        videos (Videos): What they train on.
        work_dir (str): Folder for the lists of videos.
        at_once (int): How many jobs run side by side. Defaults to 1.

    Returns:
        dict[str, dict]: The records, by the jobs' paths.
    """
    os.makedirs(work_dir, exist_ok=True)
    for paths in (videos.pretrain, videos.kept_out):
        write_lines(list_file(work_dir, paths), paths)
    progress, scripts = Progress(jobs, at_once), Scripts(at_once)

    def run_chain(chain: Sequence[Job]) -> None:
        for job in chain:
            if job.path not in progress.records:
                tell_of_changes(job)
                progress.add(job, run_job(job, scripts))

    # What judges a checkpoint comes after what makes it.
    chains = [list(chain) for _, chain in groupby(jobs, _checkpoint)]
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(run_chain, chain) for chain in chains]
        try:
            for chain in as_completed(running):
                chain.result()
        except BaseException:
            scripts.end()
            pool.shutdown(cancel_futures=True)
            raise
    return progress.records


def _checkpoint(job: Job) -> str:
    return job.checkpoint


def tell_of_changes(job: Job) -> None:
    """Say that a job is new because something it depends on has changed."""
    name, _, _ = job.path.rpartition('_')
    others = sorted(glob(f'{escape(name)}_*.json'))
    if others and f'{job.path}.json' not in others:
        print(f'{job.title}: not the options or videos of '
              f'{osp.basename(others[-1])}, so it is a new run')


def run_job(job: Job, scripts: Scripts) -> Record:
    """Run a job, from its last checkpoint on, and write its record.

    Raises:
        Stopped: If the scripts were told to end; there is no record then.
    """
    resumed = job.kind == PRETRAIN and osp.exists(f'{job.path}.log')
    start = time.time()
    os.makedirs(osp.dirname(job.path), exist_ok=True)
    if job.kind == UNTRAINED:
        save_untrained(job.cfg.model, job.seed, job.checkpoint)
        record = dict(state='done', figures={})
    elif job.kind != PRETRAIN and read_record(
            osp.dirname(job.path)).get('state') != 'done':
        record = dict(state='broken', reason='there is nothing to evaluate')
    else:
        record = judge(job, call_script(job, scripts))
    # Of a run that goes on, the whole time is not known.
    record['seconds'] = None if resumed else time.time() - start
    with open(f'{job.path}.json.part', 'w') as file:
        json.dump(record, file, indent=1)
    os.replace(f'{job.path}.json.part', f'{job.path}.json')
    return record


def call_script(job: Job, scripts: Scripts) -> int:
    """Run a job's script; its exit code."""
    job.cfg.dump(f'{job.path}.py')
    script = (['tools/train.py', f'{job.path}.py', '--resume']
              if job.kind == PRETRAIN else
              ['tools/test.py', f'{job.path}.py', job.checkpoint])
    return scripts.call([*script, '--work-dir', job.path], f'{job.path}.log')


def judge(job: Job, returncode: int) -> Record:
    """The record of a script that has ended: its figures, or a reason."""
    if returncode:
        return dict(state='broken', reason=reason(job.path, returncode))
    # What is told to end saves a checkpoint and ends well.
    if job.kind == PRETRAIN and not osp.exists(job.checkpoint):
        return dict(state='broken', reason='it was ended before its end')
    figures = (
        training_figures(job.path)
        if job.kind == PRETRAIN else test_figures(job.path))
    if not figures:
        return dict(state='broken', reason='it has logged no figures')
    wrong = [key for key, value in figures.items() if not math.isfinite(value)]
    if wrong:
        return dict(
            state='broken', reason=f'not finite: {", ".join(wrong)}')
    return dict(
        state='done', figures=figures, unreadable=count_unreadable(job.path))


def count_unreadable(path: str) -> int:
    """Videos that a training, or the last test, in a folder could not read."""
    paths = glob(osp.join(escape(path), 'skipped_videos.txt'))
    tests = glob(osp.join(escape(path), '*', 'skipped_videos.txt'))
    count = 0
    for listed in paths or sorted(tests)[-1:]:
        with open(listed, encoding='utf-8') as lines:
            count += sum(1 for _ in lines)
    return count


def reason(path: str, returncode: int) -> str:
    """Why a script ended: the last line that it printed, and how."""
    with open(f'{path}.log', errors='replace') as log:
        lines = [line.strip() for line in log if line.strip()]
    how = (f'signal {-returncode}' if returncode < 0 else
           f'exit code {returncode}')
    return f'{lines[-1] if lines else "it printed nothing"} ({how})'


def training_figures(work_dir: str) -> Dict[str, float]:
    """What a pre-training has logged last: losses and gauges."""
    figures: Dict[str, float] = {}
    pattern = osp.join(escape(work_dir), '*', 'vis_data', 'scalars.json')
    for path in sorted(glob(pattern)):
        with open(path) as lines:
            for entry in map(json.loads, lines):
                if 'loss' in entry:
                    figures = entry
    return figures


def test_figures(work_dir: str) -> Dict[str, float]:
    """What the last test in a work folder has found."""
    paths = sorted(glob(osp.join(escape(work_dir), '*', '*.json')))
    if not paths:
        return {}
    with open(paths[-1]) as file:
        found = json.load(file)
    # MMEngine writes integers, the numbers of videos, as null.
    return {k: v for k, v in found.items() if '/' in k and v is not None}


def read_record(path: str) -> Record:
    """The record of a job; an empty one if it has not ended."""
    if not osp.isfile(f'{path}.json'):
        return {}
    with open(f'{path}.json') as file:
        return json.load(file)


def expected_seconds(jobs: Sequence[Job],
                     records: Dict[str, Record]) -> Optional[float]:
    """Time of the jobs without a record, by the mean of those of their kind.

    Returns:
        float, optional: None if none of a kind has been timed.
    """
    seen: Dict[str, List[float]] = {}
    for job in jobs:
        seconds = records.get(job.path, {}).get('seconds')
        if seconds is not None:
            seen.setdefault(job.kind, []).append(seconds)
    left = [job.kind for job in jobs if job.path not in records]
    if not set(left) <= set(seen):
        return None
    return sum(sum(seen[kind]) / len(seen[kind]) for kind in left)


def short(seconds: Optional[float]) -> str:
    """A duration for people."""
    if seconds is None:
        return 'an unknown time'
    return f'{seconds:.0f} s' if seconds < 100 else f'{seconds / 60:.1f} min'
