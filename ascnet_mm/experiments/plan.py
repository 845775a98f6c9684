"""What is to be run: resolved configs with equal budgets."""
import itertools
import os.path as osp
import re
from typing import Any, Dict, List, NamedTuple, Sequence

import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..apis import is_a, read_config
from ..datasets import VideoFolder, VideoList
from ..errors import InputError
from ..evaluation.functional import chance_topk
from ..shipped import CONFIGS
from .identity import digest, sized
from .source import UNTRAINED, Videos, averaged, infos_of

# Experiments name configs by their paths in the repository; the folder that
# has configs/ in it is another one where the package is installed.
ROOT = osp.dirname(osp.realpath(CONFIGS))


class Method(NamedTuple):
    """A pre-training, but for the seed.

    Attributes:
        name (str): As in the table.
        source (dict): What the experiment says of it.
        cfg (Config): All that the run depends on; no path of this machine.
        passes (dict[str, int]): The recognizer's ``encoder_passes``.
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


def plan_methods(experiment: Config, videos: Videos) -> List[Method]:
    """Resolve the pre-trainings and give them equal encoder passes.

    Args:
        experiment (Config): What :func:`read_experiment` returns.
        videos (Videos): What they train on.

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
    cfg = read_config(_config(part.config), options)
    dataset = cfg.train_dataloader.dataset
    if not is_a(dataset, (VideoFolder, VideoList), DATASETS):
        raise InputError(
            f'{part.config} trains on a {dataset.type}, the videos of which '
            'cannot be replaced: use a VideoFolder or VideoList')
    cfg.train_dataloader.dataset = dict(
        type='VideoList', pipeline=dataset.pipeline)
    # All methods are judged alike, and afterward.
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

    Args:
        experiment (Config): What :func:`read_experiment` returns.
        videos (Videos): Those that pre-train and those kept out.
        data_root (str): Folder that the paths of the experiment start from.

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
        cfg = read_config(_config(part.config), _options(part))
        resolved, dataset = cfg.to_dict(), cfg.test_dataloader.dataset
        infos: List[dict] = []
        if 'ann_file' in dataset:
            dataset.data_root = osp.abspath(data_root)
            infos = infos_of(DATASETS.build(dict(dataset, pipeline=[])))
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


def _options(part: Config) -> Dict[str, Any]:
    return part.to_dict().get('options', {})


def _config(name: str) -> str:
    """Where a config is that an experiment names."""
    path = osp.join(ROOT, name)
    return path if osp.isfile(path) else name
