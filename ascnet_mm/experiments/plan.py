"""What is to be run: resolved configs with equal budgets."""
import itertools
import os.path as osp
import re
from copy import deepcopy
from typing import (
    Any,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
)

import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..apis import is_a, read_config
from ..datasets import VideoFolder, VideoList
from ..datasets.video_list import split_line
from ..errors import InputError
from ..evaluation.functional import chance_topk, group_numbers
from ..shipped import CONFIGS
from .identity import code_of, digest, sized
from .source import (
    UNTRAINED,
    Videos,
    averaged,
    has_budget,
    infos_of,
    real_paths,
)

# Experiments name configs by their paths in the repository; the folder that
# has configs/ in it is another one where the package is installed.
ROOT = osp.dirname(osp.realpath(CONFIGS))


# How far steps may be rounded to whole epochs
TOLERANCE = 0.1


class Method(NamedTuple):
    """A pre-training, but for the seed.

    Attributes:
        name (str): As in the table.
        source (dict): What the experiment says of it.
        cfg (Config): All that the run depends on; no path of this machine.
        passes (dict[str, int]): The recognizer's ``encoder_passes``.
        epochs (int): 0 for a network that is not trained.
        samples (int): Videos drawn, all epochs together.
        budget (int, optional): Steps of the first method at the budget of this
            run, if the method runs once per budget; None if it is the same at
            every budget.
    """
    name: str
    source: Dict[str, Any]
    cfg: Config
    passes: Dict[str, int]
    epochs: int
    samples: int
    budget: Optional[int] = None

    @property
    def title(self) -> str:
        """str: Name and budget, which differ from any other's."""
        return (f'{self.name}, {self.budget} steps'
                if self.budget else self.name)


class Evaluation(NamedTuple):
    """A test of a checkpoint.

    Attributes:
        name (str): Its figures are ``NAME/...``.
        source (dict): What the experiment says of it; with ``methods``, it
            is of these alone.
        cfgs (dict[str, Config]): By a method's name, with the data set's
            absolute path.
        identities (dict[str, str]): By a method's name, digest of what the
            figures depend on beside the checkpoint.
        queries (int): How many videos are judged.
        chance (dict[str, float]): What a random ranking gives, in percent,
            by the figures' names.
    """
    name: str
    source: Dict[str, Any]
    cfgs: Dict[str, Config]
    identities: Dict[str, str]
    queries: int
    chance: Dict[str, float]


class _Training(NamedTuple):
    """A method whose number of epochs is not known yet."""
    part: Config
    cfg: Config
    passes: Dict[str, int]
    samples: int  # an epoch
    steps: int  # an epoch

    def of_epochs(self, epochs: int, budget: Optional[int] = None) -> Method:
        cfg = Config(self.cfg.to_dict())
        cfg.train_cfg.max_epochs = epochs
        return Method(self.part.name, self.part.to_dict(), cfg, self.passes,
                      epochs, epochs * self.samples, budget)

    def of_steps(self, steps: int, budget: Optional[int] = None) -> Method:
        """Whole epochs, as many as come nearest.

        Raises:
            InputError: If that is no number of steps like the one wanted.
        """
        epochs = max(1, round(steps / self.steps))
        if abs(epochs * self.steps / steps - 1) > TOLERANCE:
            raise InputError(
                f'{self.part.name}: {steps} steps are not near a whole number '
                f'of epochs, of {self.steps} steps each: name '
                f'{epochs * self.steps}')
        return self.of_epochs(epochs, budget)

    def of_cost(self, budget: Method) -> Method:
        """As many encoder passes as a method has, nearly."""
        epochs = cost(budget.passes) * budget.samples / (
            cost(self.passes) * self.samples)
        return self.of_epochs(max(1, round(epochs)), budget.budget)


def plan_methods(experiment: Config, videos: Videos) -> List[Method]:
    """Resolve the pre-trainings and give them equal encoder passes.

    Args:
        experiment (Config): What :func:`read_experiment` returns.
        videos (Videos): What they train on.

    Returns:
        list[Method]: After the untrained network of the first, budget by
        budget those of the experiment, in its order; then those with epochs
        or steps of their own.

    Raises:
        InputError: If a config does not fit.
    """
    init_default_scope('mmaction')
    own: List[Method] = []
    shared: List[_Training] = []
    for part in experiment.methods:
        if part.get('epochs') == 0:
            own.append(_without_training(experiment, part))
            continue
        training = _training(experiment, part, videos)
        if 'epochs' in part:
            own.append(training.of_epochs(part.epochs))
        elif 'steps' in part:
            own.append(training.of_steps(part.steps))
        else:
            shared.append(training)
    first, *others = shared
    methods: List[Method] = []
    for budget in sorted(experiment.get('budgets', [])) or [None]:
        reference = (first.of_steps(budget, budget) if budget else
                     first.of_epochs(experiment.epochs))
        methods += [reference,
                    *(training.of_cost(reference) for training in others
                      if has_budget(training.part, budget))]
    untrained = methods[0]._replace(
        name=UNTRAINED,
        cfg=_network_of(methods[0].cfg),
        epochs=0,
        samples=0,
        budget=None)
    return [untrained, *methods, *own]


def _training(experiment: Config, part: Config, videos: Videos) -> _Training:
    if 'videos' in part:
        _check_folder(part, videos)
    cfg = _pretraining(experiment, part)
    passes = getattr(MODELS.build(cfg.model), 'encoder_passes', None)
    if passes is None:
        raise InputError(
            f'{part.name}: {cfg.model.type} has no encoder_passes, which '
            'the budget is counted in')
    samples = _samples_per_epoch(cfg, len(lines_of(part, videos)), part.name)
    steps = -(-samples // cfg.train_dataloader.batch_size)
    return _Training(part, cfg, passes, samples, steps)


def _without_training(experiment: Config, part: Config) -> Method:
    """A network that is judged as it is made."""
    cfg = read_config(_config(part.config), _trained_with(experiment, part))
    # One that cannot be built is refused before others are trained.
    MODELS.build(deepcopy(cfg.model))
    return Method(part.name, part.to_dict(), _network_of(cfg),
                  dict(forward=0, backward=0), 0, 0)


def _network_of(cfg: Config) -> Config:
    """What a network without training depends on."""
    imports = dict(custom_imports=cfg.custom_imports) if code_of(cfg) else {}
    return Config(dict(model=cfg.model, **imports))


def lines_of(part: Mapping, videos: Videos) -> List[str]:
    """Lines of the list that a method trains on.

    Args:
        part (Mapping): What an experiment says of it; with ``labels``, the
            name of a list, or with ``trained_on``, the pattern of its videos.
        videos (Videos): Those of the experiment.
    """
    if part.get('labels'):
        return videos.labeled[part['labels']]
    if 'trained_on' in part:
        return videos.selected[part['trained_on']]
    return videos.pretrain


def folder_of(part: Mapping, videos: Videos) -> str:
    """Folder that a method trains on.

    Args:
        part (Mapping): What an experiment says of it; with ``videos``, the
            name of another folder of the same names, such as their flow.
        videos (Videos): Those of the experiment.
    """
    if 'videos' in part:
        return osp.join(videos.root, part['videos'])
    return videos.folder


def _check_folder(part: Mapping, videos: Videos) -> None:
    """Refuse a folder in which not all videos are."""
    folder = folder_of(part, videos)
    missing = [line for line in lines_of(part, videos)
               if not osp.exists(osp.join(folder, split_line(line)[0]))]
    if missing:
        raise InputError(
            f'{part["name"]}: {len(missing)} videos are not below {folder}, '
            f'{missing[0]} the first of them: make them by ascnet-mm flow, '
            'which writes .mp4 for copies of ascnet-mm transcode, or leave '
            'the method out')


def cost(passes: Dict[str, int]) -> int:
    """Encoder passes of a sample: a backward one counts as two (ours)."""
    return passes['forward'] + 2 * passes['backward']


def _pretraining(experiment: Config, part: Config) -> Config:
    """A method's config, on a list of videos that has no name yet."""
    cfg = read_config(_config(part.config), _trained_with(experiment, part))
    dataset = cfg.train_dataloader.dataset
    if not is_a(dataset, (VideoFolder, VideoList), DATASETS):
        raise InputError(
            f'{part.config} trains on a {dataset.type}, the videos of which '
            'cannot be replaced: use a VideoFolder or VideoList')
    cfg.train_dataloader.dataset = dict(
        type='VideoList', pipeline=dataset.pipeline)
    # All methods are judged alike, and afterward.
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if cfg.get('test_dataloader'):
        cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    return cfg


def _trained_with(experiment: Config, part: Config) -> Dict[str, Any]:
    return {
        **experiment.pretraining.to_dict(),
        **_options(part),
        **_options(part, 'encoder')
    }


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
        InputError: If a config does not fit, a query was not kept out of
            pre-training, as when gallery and query are exchanged, or a query
            is in the gallery.
    """
    init_default_scope('mmaction')
    root = osp.abspath(data_root)
    evaluations = []
    for part in experiment.evaluations:
        plain = read_config(_config(part.config), _options(part))
        if not plain.get('test_dataloader'):
            raise InputError(f'{part.name}: {part.config} has no '
                             'test_dataloader, so it evaluates nothing')
        _check_folds(part.name, plain, experiment, videos)
        dataset = plain.test_dataloader.dataset
        infos: List[dict] = []
        if 'ann_file' in dataset:
            infos = infos_of(
                DATASETS.build(dict(dataset, pipeline=[], data_root=root)))
        queries = [info for info in infos if info['role'] == 'query']
        _check_queries(part.name, infos, videos)
        if experiment.get('chooses'):
            _check_choice(part.name, infos, videos)
        judged = [(info['label'], info['role'],
                   *sized(root, [osp.relpath(info['filename'], root)]))
                  for info in infos] or sized(videos.folder, videos.judged)
        cfgs, identities = {}, {}
        for method in experiment.methods:
            encoder = _options(method, 'encoder')
            cfg = read_config(
                _config(part.config), {**_options(part), **encoder}
            ) if encoder else Config(plain.to_dict())
            code = code_of(cfg)
            identities[method.name] = digest(
                cfg.to_dict(), judged, *([code] if code else []))
            if infos:
                cfg.test_dataloader.dataset.data_root = root
            cfgs[method.name] = cfg
        evaluations.append(
            Evaluation(part.name, part.to_dict(), cfgs, identities,
                       len(queries or videos.judged),
                       _chance(infos, part.name, experiment.measures)))
    return evaluations


def _check_folds(name: str, cfg: Config, experiment: Config,
                 videos: Videos) -> None:
    """Refuse a probe whose groups are not those of the intervals.

    It matches whole paths, the experiment those below the folder of the
    videos: what is one recording there may be parted between folds here.
    """
    evaluators = cfg.test_evaluator
    if isinstance(evaluators, dict):
        evaluators = [evaluators]
    files = [osp.join(videos.folder, path) for path in videos.judged]
    for evaluator in evaluators:
        pattern = evaluator.get('groups')
        if pattern and group_numbers(files, pattern) != group_numbers(
                videos.judged, experiment.get('groups')):
            raise InputError(
                f'{name}: groups={pattern!r} of {evaluator.type} makes other '
                'groups of the judged videos than groups='
                f'{experiment.get("groups")!r} of the experiment: set both to '
                'a pattern that matches the same in whole paths')


def _check_queries(name: str, infos: Sequence[dict], videos: Videos) -> None:
    """Refuse queries that pre-train or would find themselves."""
    kept_out = real_paths(videos.folder, videos.kept_out)
    gallery = {osp.realpath(info['filename']) for info in infos
               if info['role'] == 'gallery'}
    for info in infos:
        if info['role'] != 'query':
            continue
        file = osp.realpath(info['filename'])
        if file not in kept_out:
            raise InputError(
                f'{name}: the query {info["filename"]} was not kept '
                'out of pre-training: name its list in kept_out, or see '
                'whether gallery and query are exchanged')
        if file in gallery:
            raise InputError(
                f'{name}: the query {info["filename"]} is in the gallery as '
                'well, where it finds itself: remove it from one of the lists')


def _check_choice(name: str, infos: Sequence[dict], videos: Videos) -> None:
    """Refuse test videos, in the gallery as well: its labels count, too."""
    test = real_paths(videos.folder, set(videos.kept_out) - set(videos.judged))
    for info in infos:
        if osp.realpath(info['filename']) in test:
            raise InputError(
                f'{name}: {info["filename"]}, of the {info["role"]} list, '
                'stands in test_lists, by which an experiment that chooses '
                'may not judge: name training and validation lists')


def _chance(infos: Sequence[dict], name: str,
            measures: Sequence[str]) -> Dict[str, float]:
    query, gallery = (
        torch.tensor([info['label'] for info in infos if info['role'] == role])
        for role in ('query', 'gallery'))
    found = {}
    for key in itertools.chain(*map(averaged, measures)):
        match = re.fullmatch(
            rf'{re.escape(name)}/(?:centered_|whitened_)?retrieval/top(\d+)',
            key)
        if match:
            k = int(match[1])
            found[key] = chance_topk(query, gallery, [k])[k]
    return found


def _options(part: Config, key: str = 'options') -> Dict[str, Any]:
    return part.to_dict().get(key, {})


def _config(name: str) -> str:
    """Where a config is that an experiment names."""
    path = osp.join(ROOT, name)
    return path if osp.isfile(path) else name
