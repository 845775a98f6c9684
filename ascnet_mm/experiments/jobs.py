"""What each run of an experiment gets, and where it is kept."""
import os.path as osp
from typing import List, NamedTuple, Sequence

from mmengine.config import Config

from .identity import digest, sized, slug
from .plan import Evaluation, Method
from .source import PRETRAIN, UNTRAINED, Videos


class Job(NamedTuple):
    """A pre-training or an evaluation.

    Beside the folder ``path`` stand its config, ``path.py``, what it
    printed, ``path.log``, and once it has ended its record, ``path.json``.

    Attributes:
        method (str): Name of the method.
        seed (int): The seed.
        kind (str): ``'pretrain'``, ``'untrained'`` or the evaluation's name.
        path (str): Its folder, absolute.
        cfg (Config): What the command gets.
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

    Args:
        methods (Sequence[Method]): What pre-trains.
        evaluations (Sequence[Evaluation]): What judges the checkpoints.
        seeds (Sequence[int]): Of the pre-trainings.
        videos (Videos): What they train on.
        work_dir (str): Folder of the jobs.
        workers (int): Of each loader.
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
