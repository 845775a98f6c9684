"""What each run of an experiment gets, and where it is kept."""
import os.path as osp
from itertools import groupby, product
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from mmengine.config import Config

from ..datasets.transforms.paired import find_paired
from ..datasets.video_list import split_line
from ..errors import InputError
from .identity import code_of, content, digest, sized, slug
from .plan import Evaluation, Method, folder_of, lines_of
from .source import DATA_ROOT, PRETRAIN, UNTRAINED, Videos, references, texts


class Job(NamedTuple):
    """A pre-training or an evaluation.

    Beside the folder ``path`` stand its config, ``path.py``, what it
    printed, ``path.log``, and once it has ended its record, ``path.json``.

    Attributes:
        method (str): Title of the method.
        seed (int): The seed.
        kind (str): ``'pretrain'``, ``'untrained'`` or the evaluation's name.
        path (str): Its folder, absolute.
        cfg (Config): What the command gets.
        checkpoint (str): What it writes, or judges.
        after (tuple[str]): Paths of the pre-trainings whose checkpoints it
            starts from.
    """
    method: str
    seed: int
    kind: str
    path: str
    cfg: Config
    checkpoint: str
    after: Tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """str: For messages."""
        return f'{self.method}, seed {self.seed}: {self.kind}'


def make_jobs(methods: Sequence[Method], evaluations: Sequence[Evaluation],
              seeds: Sequence[int], videos: Videos, work_dir: str,
              workers: int) -> List[Job]:
    """All jobs, evaluations after what they judge.

    Budget by budget, seed by seed.

    A job's folder is named after a digest of all that its figures depend on,
    but for the machine, the versions and code that no config imports by
    ``custom_imports``, so that experiments share jobs.

    Args:
        methods (Sequence[Method]): What pre-trains.
        evaluations (Sequence[Evaluation]): What judges the checkpoints.
        seeds (Sequence[int]): Of the pre-trainings.
        videos (Videos): What they train on.
        work_dir (str): Folder of the jobs.
        workers (int): Of each loader.

    Raises:
        InputError: If two methods, or a method at two budgets, would be the
            same training.
    """
    work_dir = osp.abspath(work_dir)
    jobs = []
    made: Dict[int, Dict[str, Job]] = {seed: {} for seed in seeds}
    # Small budgets first: their figures tell whether larger ones are worth
    # the time.
    for _, group in groupby(methods, lambda method: method.budget):
        for seed, method in product(seeds, list(group)):
            first = _first_job(method, seed, videos, work_dir, workers,
                               made[seed])
            made[seed][method.name] = first
            jobs.append(first)
            for evaluation in evaluations:
                if _judges(evaluation, method):
                    jobs.append(
                        _evaluation_job(first, method, evaluation, videos,
                                        work_dir, workers))
    _check_different(jobs)
    return jobs


def _check_different(jobs: Sequence[Job]) -> None:
    """Refuse trainings that differ in nothing but their names."""
    titles: Dict[str, str] = {}
    for job in jobs:
        if job.kind in (PRETRAIN, UNTRAINED):
            identity = job.path.rpartition('_')[2]
            other = titles.setdefault(identity, job.method)
            if other != job.method:
                raise InputError(
                    f'{other} and {job.method} are the same training: they '
                    'have the same options and, in whole epochs, the same '
                    'length')


def chains_of(jobs: Sequence[Job]) -> List[List[Job]]:
    """The jobs, a checkpoint at a time: what makes it and what judges it.

    Args:
        jobs (Sequence[Job]): As :func:`make_jobs` returns them.
    """
    return [list(chain)
            for _, chain in groupby(jobs, lambda job: job.checkpoint)]


def _judges(evaluation: Evaluation, method: Method) -> bool:
    methods = evaluation.source.get('methods', [method.name])
    return method.source.get('judged', True) and method.name in methods


def _evaluation_job(first: Job, method: Method, evaluation: Evaluation,
                    videos: Videos, work_dir: str, workers: int) -> Job:
    """The one that judges a checkpoint."""
    # The untrained network is the first method's.
    name = method.source['name']
    cfg = Config(evaluation.cfgs[name].to_dict())
    cfg.test_dataloader.num_workers = workers
    if 'ann_file' not in cfg.test_dataloader.dataset:
        cfg.test_dataloader.dataset.update(
            ann_file=list_file(work_dir, videos.judged),
            data_prefix=dict(video=videos.folder))
    folder = f'{slug(evaluation.name)}_{evaluation.identities[name]}'
    return first._replace(
        kind=evaluation.name, path=osp.join(first.path, folder), cfg=cfg)


def _first_job(method: Method, seed: int, videos: Videos, work_dir: str,
               workers: int, made: Dict[str, Job]) -> Job:
    """The one that makes the checkpoint.

    Args:
        made: The jobs of this seed before it, by the names of the methods.
    """
    cfg = Config(method.cfg.to_dict())
    cfg.randomness = dict(seed=seed)
    trains = method.epochs > 0
    lines = lines_of(method.source, videos)
    labels = [lines] if method.source.get('labels') else []
    folder = folder_of(method.source, videos)
    names = [split_line(line)[0] for line in lines]
    seen = sized(folder, names)
    starts = sorted(references(cfg.to_dict()) & made.keys())
    filled_in = [
        *(osp.basename(made[name].path) for name in starts),
        *_named_files(cfg, videos, names)
    ]
    filled_in += code_of(method.cfg)
    identity = digest(cfg.to_dict(), seen if trains else None, *labels,
                      *([filled_in] if filled_in else []))
    cfg = Config(_filled(cfg.to_dict(), {
        DATA_ROOT: videos.root,
        **{name: made[name].checkpoint for name in starts}
    }))  # yapf: disable
    if trains:
        cfg.train_dataloader.num_workers = workers
        cfg.train_dataloader.dataset.update(
            ann_file=list_file(work_dir, lines),
            data_prefix=dict(video=folder))
    path = osp.join(work_dir, f'{slug(method.title)}_seed{seed}_{identity}')
    kind = PRETRAIN if trains else UNTRAINED
    return Job(method.title, seed, kind, path, cfg,
               osp.join(path, f'epoch_{method.epochs}.pth'),
               tuple(made[name].path for name in starts))


def _named_files(cfg: Config, videos: Videos,
                 names: Sequence[str]) -> List[Tuple[str, Any]]:
    """What is in the files that a config names, such as checkpoints.

    Of a folder in DATA_ROOT, those that belong to the videos, by their sizes.
    """
    found: List[Tuple[str, Any]] = []
    for text in sorted(set(texts(cfg.to_dict()))):
        path = _filled(text, {DATA_ROOT: videos.root})
        if osp.isfile(path):
            found.append((text, content(path)))
        elif path != text:
            paired = [osp.relpath(find_paired(path, name), path)
                      for name in names]
            found.append((text, sized(path, paired)))
    return found


def _filled(part: Any, places: Dict[str, str]) -> Any:
    """A config with what stands for names in braces."""
    if isinstance(part, str):
        for name, place in places.items():
            part = part.replace(f'{{{name}}}', place)
        return part
    if isinstance(part, dict):
        return {key: _filled(value, places) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_filled(value, places) for value in part)
    return part


def list_file(work_dir: str, lines: Sequence[str]) -> str:
    """Where a list of videos is written."""
    return osp.join(osp.abspath(work_dir), f'videos_{digest(lines)}.txt')
