"""What is kept of a job that has ended."""
import json
import math
import os.path as osp
from glob import escape, glob
from typing import Any, Dict, List, Optional, Sequence

from .jobs import Job
from .outcomes import read_outcomes
from .source import PRETRAIN

Record = Dict[str, Any]


def judge(job: Job, returncode: int) -> Record:
    """The record of a job that has ended: its figures, or a reason.

    Args:
        job (Job): A pre-training or an evaluation.
        returncode (int): The exit code of its command.
    """
    if returncode:
        return dict(state='broken', reason=reason(job.path, returncode))
    # What is told to end saves a checkpoint and ends well.
    if job.kind == PRETRAIN and not osp.exists(job.checkpoint):
        return dict(
            state='broken', reason='it was stopped before its last epoch')
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
        state='done',
        figures=figures,
        unreadable=count_unreadable(job.path),
        outcomes={} if job.kind == PRETRAIN else read_outcomes(job.path))


def count_unreadable(path: str) -> int:
    """Videos that a training, or the last test, in a folder could not read."""
    listed = osp.join(path, 'skipped_videos.txt')
    tests = sorted(glob(osp.join(escape(path), '*', '')))
    if not osp.exists(listed) and tests:
        listed = osp.join(tests[-1], 'skipped_videos.txt')
    if not osp.exists(listed):
        return 0
    with open(listed, encoding='utf-8') as lines:
        return sum(1 for _ in lines)


def reason(path: str, returncode: int) -> str:
    """Why a command ended: the last line that it printed, and how."""
    with open(f'{path}.log', errors='replace') as log:
        lines = [line.strip() for line in log if line.strip()]
    how = (f'signal {-returncode}' if returncode < 0 else
           f'exit code {returncode}')
    return f'{lines[-1] if lines else "it printed nothing"} ({how})'


def training_figures(work_dir: str) -> Dict[str, float]:
    """The losses and diagnostics that pre-training logged last."""
    figures: Dict[str, float] = {}
    pattern = osp.join(escape(work_dir), '*', 'vis_data', 'scalars.json')
    for path in sorted(glob(pattern)):
        with open(path) as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # cut off where the machine stopped
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
    # MMEngine writes integers, the numbers of videos, as null. MMAction2's
    # accuracies are shares; all other figures are in percent.
    return {
        key: 100 * value if key.startswith('acc/') else value
        for key, value in found.items() if '/' in key and value is not None
    }


def read_record(path: str) -> Record:
    """The record of a job; an empty one if it has not ended."""
    if not osp.isfile(f'{path}.json'):
        return {}
    with open(f'{path}.json') as file:
        return json.load(file)


def expected_seconds(jobs: Sequence[Job],
                     records: Dict[str, Record]) -> Optional[float]:
    """Time of the jobs without a record, by the mean of those of their kind.

    Pre-trainings are held against one another by the epoch.

    Args:
        jobs (Sequence[Job]): All jobs.
        records (dict[str, dict]): Of those that have ended, by their paths.

    Returns:
        float, optional: None if none of a kind has been timed.
    """
    seen: Dict[str, List[float]] = {}
    for job in jobs:
        seconds = records.get(job.path, {}).get('seconds')
        if seconds is not None:
            seen.setdefault(job.kind, []).append(seconds / _length(job))
    left = [job for job in jobs if job.path not in records]
    if not {job.kind for job in left} <= set(seen):
        return None
    return sum(
        sum(seen[job.kind]) / len(seen[job.kind]) * _length(job)
        for job in left)


def _length(job: Job) -> int:
    """What the time of a job of its kind is proportional to."""
    return job.cfg.train_cfg.max_epochs if job.kind == PRETRAIN else 1
