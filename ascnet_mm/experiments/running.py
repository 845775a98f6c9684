"""Run jobs, each by a command in a process of its own."""
import os
import os.path as osp
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from glob import escape, glob
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from ..apis import save_untrained
from ..figures import made_here
from ..files import write_json, write_lines
from .jobs import Job, chains_of, list_file
from .processes import Processes
from .records import Record, expected_seconds, judge, read_record
from .source import PRETRAIN, UNTRAINED, Videos


class Progress:
    """The records of the jobs that have ended, and a line for each.

    Attributes:
        records (dict[str, dict]): By the jobs' paths.
    """

    def __init__(self, jobs: Sequence[Job], at_once: int,
                 known: Mapping[str, Record]) -> None:
        self.jobs = jobs
        self.at_once = at_once
        self.records = dict(known)
        # Times of other machines tell nothing of what is left here.
        self._here = [job for job in jobs if job.path not in known]
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
            left = expected_seconds(self._here, self.records)
            left = left and left / self.at_once
            print(
                f'[{len(self.records)}/{len(self.jobs)}] {job.title}: '
                f'{record["state"]} {note} '
                f'({short(time.time() - self._start)} so far, '
                f'{short(left)} to go)',
                flush=True)


def run_jobs(jobs: Sequence[Job], videos: Videos, work_dir: str,
             at_once: int = 1,
             known: Optional[Mapping[str, Record]] = None
             ) -> Dict[str, Record]:
    """Run what is not done, and print a line for each.

    A job that breaks does not keep the others from running.

    Args:
        jobs (Sequence[Job]): As :func:`make_jobs` returns them.
        videos (Videos): What they train on.
        work_dir (str): Folder for the lists of videos.
        at_once (int): How many jobs run side by side. Defaults to 1.
        known (Mapping[str, dict], optional): Records of jobs that need not
            be run, by the jobs' paths.

    Returns:
        dict[str, dict]: The records, by the jobs' paths.
    """
    os.makedirs(work_dir, exist_ok=True)
    for lines in (videos.pretrain, videos.judged, *videos.labeled.values(),
                  *videos.selected.values()):
        write_lines(list_file(work_dir, lines), lines)
    progress = Progress(jobs, at_once, known or {})
    processes = Processes(at_once)

    def run_chain(chain: Sequence[Job]) -> None:
        for path in chain[0].after:
            running[path].result()
        for job in chain:
            if job.path not in progress.records:
                tell_of_changes(job)
                progress.add(job, run_job(job, processes))

    # What judges a checkpoint comes after what makes it. A chain waits for
    # those before it alone, which have begun when it does.
    running: Dict[str, Future] = {}
    with ThreadPoolExecutor(at_once) as pool:
        for chain in chains_of(jobs):
            running[chain[0].path] = pool.submit(run_chain, chain)
        try:
            for ended in as_completed(running.values()):
                ended.result()
        except BaseException:
            processes.end()
            pool.shutdown(cancel_futures=True)
            raise
    return progress.records


def tell_of_changes(job: Job) -> None:
    """Say that a job is new because something it depends on has changed."""
    name, _, _ = job.path.rpartition('_')
    others = sorted(glob(f'{escape(name)}_*.json'))
    if others and f'{job.path}.json' not in others:
        print(f'{job.title}: not the options or videos of '
              f'{osp.basename(others[-1])}, so it is a new run')


def run_job(job: Job, processes: Processes) -> Record:
    """Run a job, from its last checkpoint on, and write its record.

    Args:
        job (Job): It has not ended well before.
        processes (Processes): It becomes one of them.

    Raises:
        Stopped: If the processes were told to end; there is no record then.
    """
    resumed = job.kind == PRETRAIN and osp.exists(f'{job.path}.log')
    start = time.time()
    os.makedirs(osp.dirname(job.path), exist_ok=True)
    if any(read_record(path).get('state') != 'done' for path in job.after
           if job.kind in (PRETRAIN, UNTRAINED)):
        record = dict(state='broken', reason='there is nothing to start from')
    elif job.kind == UNTRAINED:
        record = _attempted(_save_untrained, job)
    elif job.kind != PRETRAIN and read_record(
            osp.dirname(job.path)).get('state') != 'done':
        record = dict(state='broken', reason='there is nothing to evaluate')
    else:
        returncode = call_command(job, processes)
        record = _attempted(judge, job, returncode)
    # Of a run that goes on, the whole time is not known.
    record['seconds'] = None if resumed else time.time() - start
    record['made'] = made_here()
    write_json(f'{job.path}.json', record)
    return record


def _save_untrained(job: Job) -> Record:
    save_untrained(job.cfg.model, job.seed, job.checkpoint)
    return dict(state='done', figures={})


def _attempted(make: Callable[..., Record], *arguments: Any) -> Record:
    """The record that a function makes, or that of its failure."""
    try:
        return make(*arguments)
    except Exception as error:
        return dict(
            state='broken', reason=f'{type(error).__name__}: {error}')


def call_command(job: Job, processes: Processes) -> int:
    """Run a job's command; its exit code."""
    job.cfg.dump(f'{job.path}.py')
    command = (['train', f'{job.path}.py', '--resume']
               if job.kind == PRETRAIN else
               ['test', f'{job.path}.py', job.checkpoint])
    return processes.call(
        ['-m', 'ascnet_mm_cli', *command, '--work-dir', job.path],
        f'{job.path}.log')


def short(seconds: Optional[float]) -> str:
    """A duration for people."""
    if seconds is None:
        return 'an unknown time'
    return f'{seconds:.0f} s' if seconds < 100 else f'{seconds / 60:.1f} min'
