"""What is to be run: resolved configs, equal budgets, the videos."""
import hashlib
import itertools
import json
import os.path as osp
import re
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ascnet_mm import InputError
from ascnet_mm.apis import is_a, read_config
from ascnet_mm.datasets import VideoFolder, VideoList
from ascnet_mm.evaluation.retrieval import chance_topk

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
KEYS = ('question', 'videos', 'kept_out', 'seeds', 'epochs', 'pretraining',
        'methods', 'evaluations', 'measures')
UNTRAINED = 'untrained'
PRETRAIN = 'pretrain'


class Videos(NamedTuple):
    """Paths of videos below a folder, sorted.

    Attributes:
        folder (str): Its absolute path.
        pretrain (list[str]): The videos that pre-train.
        kept_out (list[str]): Those that do not.
        prepared (dict): Options of tools/data/transcode.py, if the videos
            are its copies.
    """
    folder: str
    pretrain: List[str]
    kept_out: List[str]
    prepared: Dict[str, Any]


class Method(NamedTuple):
    """A pre-training, but for the seed.

    Attributes:
        name (str): As in the table.
        source (dict): What the experiment says of it.
        cfg (Config): All that the run depends on; no path of this machine.
        passes (dict[str, int]): The recogniser's ``encoder_passes``.
        epochs (int): 0 for the untrained network.
        samples (int): Videos drawn, all epochs together.
    """
    name: str
    source: Dict[str, Any]
    cfg: Config
    passes: Dict[str, int]
    epochs: int
    samples: int


class Evaluation(NamedTuple):
    """A test of a checkpoint.

    Attributes:
        name (str): Its figures are ``NAME/...``.
        source (dict): What the experiment says of it; with ``methods``, it
            is of these alone.
        cfg (Config): With the data set's absolute path.
        identity (str): Digest of what the figures depend on beside the
            checkpoint.
        queries (int): How many videos are judged.
        chance (dict[str, float]): What a random ranking gives, in percent,
            by the figures' names.
    """
    name: str
    source: Dict[str, Any]
    cfg: Config
    identity: str
    queries: int
    chance: Dict[str, float]


def read_experiment(path: str) -> Config:
    """Read an experiment file.

    Raises:
        InputError: If something is missing or stands there twice.
    """
    experiment = Config.fromfile(path)
    missing = [key for key in KEYS if not experiment.get(key)]
    if missing:
        raise InputError(f'{path} does not say {", ".join(missing)}: see '
                         'configs/compare/ucf101_subset.py')
    for key in ('methods', 'evaluations'):
        names = [slug(part.name) for part in experiment[key]]
        if len({*names, UNTRAINED, PRETRAIN}) < len(names) + 2:
            raise InputError(
                f'{path}: the names of the {key} must differ from one '
                f'another, from {UNTRAINED} and from {PRETRAIN}, in letters '
                f'and digits: {", ".join(names)}')
    names = [UNTRAINED, *(part.name for part in experiment.methods)]
    for part in experiment.evaluations:
        unknown = set(part.get('methods', [])).difference(names)
        if unknown:
            raise InputError(
                f'{path}: the evaluation {part.name} is of {unknown.pop()}, '
                f'which is none of the methods {", ".join(names)}')
    known = {part.name for part in experiment.evaluations}
    for key in itertools.chain(*map(averaged, experiment.measures)):
        if key.partition('/')[0] not in known:
            raise InputError(f'{path}: the measure {key} is of none of the '
                             f'evaluations {", ".join(sorted(known))}')
    if len(set(experiment.seeds)) < len(experiment.seeds):
        raise InputError(f'{path}: a seed stands twice in {experiment.seeds}')
    return experiment


def averaged(measure: str) -> List[str]:
    """The figures that a measure, ``'A'`` or ``'A + B + ...'``, is of."""
    return measure.split(' + ')


def find_videos(experiment: Config, data_root: str) -> Videos:
    """Part the videos into those that pre-train and those kept out.

    Raises:
        InputError: If there is no such folder or list, a listed video is not
            there, or none is left.
    """
    folder = osp.abspath(osp.join(data_root, experiment.videos))
    videos = set(_paths(VideoFolder(folder, []), folder))
    kept_out = {
        path
        for ann_file in experiment.kept_out for path in _paths(
            VideoList(
                ann_file, [],
                data_root=osp.abspath(data_root),
                data_prefix=dict(video=experiment.videos)), folder)
    }
    missing = sorted(kept_out - videos)
    if missing:
        raise InputError(
            f'{len(missing)} videos that are to be kept out of pre-training '
            f'are not below {folder}, {missing[0]} the first of them')
    if kept_out == videos:
        raise InputError(f'all videos below {folder} are kept out of '
                         'pre-training')
    return Videos(folder, sorted(videos - kept_out), sorted(kept_out),
                  _prepared(data_root))


def _prepared(data_root: str) -> Dict[str, Any]:
    path = osp.join(data_root, 'transcode.json')
    if not osp.isfile(path):
        return {}
    with open(path) as file:
        return json.load(file)


def plan_methods(experiment: Config, videos: Videos) -> List[Method]:
    """Resolve the pre-trainings and give them equal encoder passes.

    Returns:
        list[Method]: Of the experiment, in its order, after the untrained
        network of the first.

    Raises:
        InputError: If a config does not fit.
    """
    init_default_scope('mmaction')
    methods: List[Method] = []
    for part in experiment.methods:
        cfg = _pretraining(experiment, part)
        passes = getattr(MODELS.build(cfg.model), 'encoder_passes', None)
        if passes is None:
            raise InputError(
                f'{part.name}: {cfg.model.type} has no encoder_passes, which '
                'the budget is counted in')
        samples = _samples_per_epoch(cfg, len(videos.pretrain), part.name)
        epochs = experiment.epochs
        if methods:
            budget = cost(methods[0].passes) * methods[0].samples
            epochs = max(1, round(budget / (cost(passes) * samples)))
        cfg.train_cfg.max_epochs = epochs
        methods.append(
            Method(part.name, part.to_dict(), cfg, passes, epochs,
                   epochs * samples))
    untrained = methods[0]._replace(
        name=UNTRAINED,
        cfg=Config(dict(model=methods[0].cfg.model)),
        epochs=0,
        samples=0)
    return [untrained, *methods]


def cost(passes: Dict[str, int]) -> int:
    """Encoder passes of a sample: a backward one counts as two (ours)."""
    return passes['forward'] + 2 * passes['backward']


def _pretraining(experiment: Config, part: Config) -> Config:
    """A method's config, on a list of videos that has no name yet."""
    options = dict(experiment.pretraining.to_dict(), **_options(part))
    cfg = read_config(osp.join(ROOT, part.config), options)
    dataset = cfg.train_dataloader.dataset
    if not is_a(dataset, (VideoFolder, VideoList), DATASETS):
        raise InputError(
            f'{part.config} trains on a {dataset.type}, the videos of which '
            'cannot be replaced: use a VideoFolder or VideoList')
    cfg.train_dataloader.dataset = dict(
        type='VideoList', pipeline=dataset.pipeline)
    # All methods are judged alike, and afterwards.
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def _samples_per_epoch(cfg: Config, videos: int, name: str) -> int:
    loader = cfg.train_dataloader
    if videos < loader.batch_size:
        raise InputError(f'{name}: {videos} videos do not fill a batch of '
                         f'{loader.batch_size}: set batch_size')
    dropped = videos % loader.batch_size if loader.get('drop_last') else 0
    return videos - dropped


def plan_evaluations(experiment: Config, videos: Videos,
                     data_root: str) -> List[Evaluation]:
    """Resolve the evaluations.

    Raises:
        InputError: If a config does not fit, or a query was not kept out of
            pre-training, as when gallery and query are exchanged.
    """
    init_default_scope('mmaction')
    kept_out = {
        osp.realpath(osp.join(videos.folder, path))
        for path in videos.kept_out
    }
    evaluations = []
    for part in experiment.evaluations:
        cfg = read_config(osp.join(ROOT, part.config), _options(part))
        resolved, dataset = cfg.to_dict(), cfg.test_dataloader.dataset
        infos: List[dict] = []
        if 'ann_file' in dataset:
            dataset.data_root = osp.abspath(data_root)
            infos = _infos(DATASETS.build(dict(dataset, pipeline=[])))
        queries = [info for info in infos if info['role'] == 'query']
        for info in queries:
            if osp.realpath(info['filename']) not in kept_out:
                raise InputError(
                    f'{part.name}: the query {info["filename"]} was not kept '
                    'out of pre-training: name its list in kept_out, or see '
                    'whether gallery and query are exchanged')
        root = osp.abspath(data_root)
        judged = [(info['label'], info['role'],
                   *sized(root, [osp.relpath(info['filename'], root)]))
                  for info in infos]
        evaluations.append(
            Evaluation(part.name, part.to_dict(), cfg,
                       digest(resolved, judged or sized(
                           videos.folder, videos.kept_out)),
                       len(queries or videos.kept_out),
                       _chance(infos, part.name, experiment.measures)))
    return evaluations


def _chance(infos: Sequence[dict], name: str,
            measures: Sequence[str]) -> Dict[str, float]:
    query, gallery = (
        torch.tensor([info['label'] for info in infos if info['role'] == role])
        for role in ('query', 'gallery'))
    found = {}
    for key in itertools.chain(*map(averaged, measures)):
        match = re.fullmatch(
            rf'{re.escape(name)}/(?:centred_)?retrieval/top(\d+)', key)
        if match:
            k = int(match[1])
            found[key] = chance_topk(query, gallery, [k])[k]
    return found


def digest(*parts: Any) -> str:
    """Eight hexadecimal digits that differ where the parts do."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def sized(folder: str, paths: Sequence[str]) -> List[Tuple[str, int]]:
    """Files by name and size, -1 for one that is not there."""
    files = [osp.join(folder, path) for path in paths]
    return [(path, osp.getsize(file) if osp.exists(file) else -1)
            for path, file in zip(paths, files)]


def slug(name: str) -> str:
    """A name as a file may have it."""
    return re.sub(r'\W+', '_', name).strip('_').lower()


def _options(part: Config) -> Dict[str, Any]:
    return part.to_dict().get('options', {})


def _infos(dataset: VideoList) -> List[dict]:
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def _paths(dataset: VideoList, folder: str) -> List[str]:
    return [osp.relpath(info['filename'], folder) for info in _infos(dataset)]
