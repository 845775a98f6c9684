"""An experiment, from its file to its JSON file."""
import os.path as osp
from typing import Dict, Sequence

from ..errors import InputError
from ..figures import write_figures
from .jobs import make_jobs
from .plan import plan_evaluations, plan_methods
from .records import Record
from .results import at_budget, collect, unknown_measures
from .reuse import reusable
from .running import run_jobs
from .source import find_videos, read_experiment
from .tables import table


def compare(path: str,
            data_root: str,
            work_dir: str = 'work_dirs/compare',
            at_once: int = 1,
            workers: int = 2,
            out: str = 'benchmarks',
            reuse: Sequence[str] = ()) -> Dict[str, Record]:
    """Do what is left to do of an experiment, write and print its figures.

    Args:
        path (str): The experiment file, ``NAME.py``.
        data_root (str): Folder that its paths start from.
        work_dir (str): Folder for the runs and records of all experiments.
        at_once (int): How many jobs run side by side, each on its share of
            the cores.
        workers (int): Of each loader.
        out (str): Folder of the JSON file, ``compare_NAME.json``.
        reuse (Sequence[str]): Such files; runs that they hold are taken over.

    Returns:
        dict[str, dict]: The record of each job, by its path.

    Raises:
        InputError: If the experiment is none, or does not fit the videos, or
            if a file to reuse holds none of its runs.
    """
    if at_once < 1:
        raise InputError(f'--jobs {at_once}: at least one must run')
    experiment = read_experiment(path)
    videos = find_videos(experiment, data_root)
    methods = plan_methods(experiment, videos)
    evaluations = plan_evaluations(experiment, videos, data_root)
    name = osp.splitext(osp.basename(path))[0]
    jobs = make_jobs(methods, evaluations, experiment.seeds, videos, work_dir,
                     workers)
    known = reusable(jobs, reuse, videos)
    records = run_jobs(jobs, videos, work_dir, at_once, known)
    found = collect(experiment, videos, methods, evaluations, jobs, records)
    write_figures(f'compare_{name}', out, **found)
    for line in unknown_measures(found):
        print(line)
    for budget in found['budgets'] or [None]:
        if budget:
            print(f'{budget} steps')
        print(table(at_budget(found, budget)))
    return records
