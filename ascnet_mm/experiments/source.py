"""An experiment file and its videos."""
import functools
import itertools
import json
import os.path as osp
import re
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Union,
)

from mmengine.config import Config

from ..datasets import VideoFolder, VideoList
from ..errors import InputError
from .identity import slug
from .outcomes import groups_of

# What a method and an evaluation may say
METHOD_KEYS = ('name', 'config', 'options', 'encoder', 'epochs', 'steps',
               'up_to', 'labels', 'videos', 'trained_on', 'judged')
EVALUATION_KEYS = ('name', 'config', 'options', 'methods')
# What an experiment has to say
KEYS = ('question', 'videos', 'kept_out', 'seeds', 'pretraining', 'methods',
        'evaluations', 'measures')
UNTRAINED = 'untrained'
PRETRAIN = 'pretrain'
# In the options of a method, {data_root} is the folder of the experiment.
DATA_ROOT = 'data_root'


class Videos(NamedTuple):
    """Paths of videos below a folder, sorted.

    Attributes:
        root (str): Absolute path of the experiment's DATA_ROOT.
        folder (str): That of the videos.
        pretrain (list[str]): The videos that pre-train.
        kept_out (list[str]): Those that do not.
        judged (list[str]): Those of them that metrics without labels are of.
        labeled (dict[str, list[str]]): Lines of the lists that supervised
            methods train on, by the lists' names, without videos that are
            kept out.
        selected (dict[str, list[str]]): The videos that methods with a
            ``trained_on`` of their own pre-train on, by that pattern.
        prepared (dict): Options of tools/data/transcode.py, if the videos
            are its copies.
    """
    root: str
    folder: str
    pretrain: List[str]
    kept_out: List[str]
    judged: List[str]
    labeled: Dict[str, List[str]]
    selected: Dict[str, List[str]]
    prepared: Dict[str, Any]


def read_experiment(path: str) -> Config:
    """Read an experiment file.

    Args:
        path (str): A config, with all of ``KEYS`` and with ``epochs`` or
            ``budgets``.

    Raises:
        InputError: If something is missing or stands there twice.
    """
    experiment = Config.fromfile(path)
    missing = [key for key in KEYS if not experiment.get(key)]
    if missing:
        raise InputError(f'{path} does not say {", ".join(missing)}: see '
                         'configs/compare/ucf101_subset.py')
    _check_kinds(experiment, path)
    _check_budgets(experiment, path)
    if experiment.get('chooses') and not experiment.get('test_lists'):
        raise InputError(f'{path} chooses: name the lists that nothing may be '
                         'chosen by in test_lists')
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
    _check_references(experiment, path)
    _check_judged(experiment, path)
    _check_trained_on(experiment, path)
    known = {part.name for part in experiment.evaluations}
    for key in itertools.chain(*map(averaged, experiment.measures)):
        if key.partition('/')[0] not in known:
            raise InputError(f'{path}: the measure {key} is of none of the '
                             f'evaluations {", ".join(sorted(known))}')
    if len(set(experiment.seeds)) < len(experiment.seeds):
        raise InputError(f'{path}: a seed stands twice in {experiment.seeds}')
    for part in (*experiment.methods, *experiment.evaluations):
        if 'config' not in part:
            raise InputError(f'{path}: {part.name} has no config')
    return experiment


def _check_kinds(experiment: Config, path: str) -> None:
    """Refuse what is no list, no pattern, or unknown."""
    for key in ('seeds', 'budgets', 'kept_out', 'test_lists', 'methods',
                'evaluations'):
        value = experiment.get(key, [])
        if not isinstance(value, (list, tuple)):
            raise InputError(f'{path}: {key} is a list, not {value!r}')
    patterns = [experiment.get('groups'), experiment.get('trained_on'),
                *(part.get('trained_on') for part in experiment.methods)]
    for pattern in filter(None, patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise InputError(f'{path}: {pattern!r} is no regular expression: '
                             f'{error}') from error
    for key, known in (('methods', METHOD_KEYS),
                       ('evaluations', EVALUATION_KEYS)):
        for number, part in enumerate(experiment[key]):
            if 'name' not in part:
                raise InputError(f'{path}: {key}[{number}] has no name')
            for word in part:
                if word not in known:
                    raise InputError(
                        f'{path}: {part.name} has {word!r}, which is none of '
                        f'{", ".join(known)}')


def _check_budgets(experiment: Config, path: str) -> None:
    """Refuse an experiment that does not say once how long is trained."""
    budgets = experiment.get('budgets')
    if bool(budgets) == bool(experiment.get('epochs')):
        raise InputError(f'{path} must say either epochs or budgets, those of '
                         'the first method')
    if budgets and (min(budgets) < 1 or len(set(budgets)) < len(budgets)):
        raise InputError(f'{path}: budgets are different numbers of steps, '
                         f'not {tuple(budgets)}')
    for number, part in enumerate(experiment.methods):
        own = [key for key in ('epochs', 'steps') if key in part]
        if own and not number:
            raise InputError(f'{path}: the first method, {part.name}, sets '
                             f'the budget of the others: it takes no {own[0]}')
        if len(own) > 1:
            raise InputError(f'{path}: {part.name} has epochs and steps: '
                             'leave out one of them')
        if 'up_to' in part:
            _check_largest_budget(part, not number, experiment, path)


def _check_largest_budget(part: Mapping, is_first: bool, experiment: Config,
                          path: str) -> None:
    """Refuse an ``up_to`` that leaves a method untrained or means nothing."""
    budgets = experiment.get('budgets')
    if is_first or not budgets or has_own_budget(part):
        raise InputError(f'{path}: {part["name"]} takes no up_to: it is for '
                         'a method after the first that is trained with the '
                         'budgets of the experiment')
    if not has_budget(part, min(budgets)):
        raise InputError(f'{path}: {part["name"]}, up_to={part["up_to"]}, is '
                         f'not trained: the smallest budget is '
                         f'{min(budgets)} steps')


def texts(part: Any) -> Iterator[str]:
    """All texts in lists and dicts.

    Examples:
        >>> list(texts({'type': 'Resize', 'scale': (8, 8), 'of': ['a', 'b']}))
        ['Resize', 'a', 'b']
    """
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        yield from texts(list(part.values()))
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from texts(value)


def references(options: Any) -> Set[str]:
    """Names in braces: what is filled in before a run.

    Examples:
        >>> references({'model.online_from': '{InfoNCE}', 'batch_size': 8})
        {'InfoNCE'}
    """
    return {
        name
        for text in texts(options) for name in re.findall('{([^{}]+)}', text)
    }


def _check_references(experiment: Config, path: str) -> None:
    """Refuse names in braces that nothing has before it is needed."""
    # A method with a budget of its own is trained once, after the others.
    known: Dict[bool, List[Config]] = {True: [], False: []}
    budgets = experiment.get('budgets') or []
    for part in experiment.methods:
        # One that is not trained as long has no checkpoint to start from.
        before = {
            other.name
            for other in known[has_own_budget(part)]
            if all(has_budget(other, budget) for budget in budgets
                   if has_budget(part, budget))
        }
        unknown = references(part.get('options', {})) - before - {DATA_ROOT}
        if unknown:
            raise InputError(
                f'{path}: {part.name} refers to {{{unknown.pop()}}}, which is '
                f'neither {{{DATA_ROOT}}} nor a method that is trained before '
                'it, with the same budgets')
        if part.get('epochs') != 0:
            known[has_own_budget(part)].append(part)
    names = {part.name for part in experiment.methods} | {DATA_ROOT}
    others = [experiment.pretraining, experiment.evaluations,
              [part.get('encoder') for part in experiment.methods]]
    for name in references(others) & names:
        raise InputError(f'{path}: {{{name}}} stands for something in the '
                         'options of a method alone')


def _check_judged(experiment: Config, path: str) -> None:
    """Refuse evaluations of what is not judged, or not on what it knows."""
    first, *_ = experiment.methods
    if not first.get('judged', True):
        raise InputError(f'{path}: the first method, {first.name}, is what '
                         'the others are compared with: it takes no judged')
    left_out = {part.name for part in experiment.methods
                if not part.get('judged', True)}
    for part in experiment.methods:
        if 'videos' in part and part.name not in left_out:
            raise InputError(
                f'{path}: {part.name} is trained on {part.videos} and would '
                f'be judged on {experiment.videos}: set judged=False')
    for part in experiment.evaluations:
        for name in left_out.intersection(part.get('methods', [])):
            raise InputError(f'{path}: the evaluation {part.name} is of '
                             f'{name}, which has judged=False')


def _check_trained_on(experiment: Config, path: str) -> None:
    """Refuse a selection of videos that would not be trained on."""
    for part in experiment.methods:
        if 'trained_on' in part and ('labels' in part
                                     or part.get('epochs') == 0):
            raise InputError(
                f'{path}: {part.name} takes no trained_on: it is trained on '
                f'{part.get("labels", "nothing")}')


def has_own_budget(part: Mapping) -> bool:
    """Whether a method says itself how long it is trained."""
    return not {'epochs', 'steps'}.isdisjoint(part)


def has_budget(part: Mapping, budget: Optional[int]) -> bool:
    """Whether a method is trained with one of the experiment's budgets.

    Args:
        part (Mapping): What the experiment says of it; with ``up_to``, it has
            no larger ones.
        budget (int, optional): Steps of the first method; None if the
            experiment has epochs in their place.
    """
    return budget is None or budget <= part.get('up_to', budget)


def averaged(measure: str) -> List[str]:
    """The figures that a measure, ``'A'`` or ``'A + B + ...'``, is of."""
    return measure.split(' + ')


def find_videos(experiment: Config, data_root: str) -> Videos:
    """Part the videos into those that pre-train and those kept out.

    Args:
        experiment (Config): As :func:`read_experiment` returns it.
        data_root (str): Folder that its paths start from.

    Raises:
        InputError: If there is no such folder or list, a listed video is not
            there, none is left, or all that are judged are one group.
    """
    folder = osp.abspath(osp.join(data_root, experiment.videos))
    videos = set(_paths(VideoFolder(folder, []), folder))

    def listed(key: str) -> Set[str]:
        return {
            path
            for entry in experiment.get(key, [])
            for path in _paths(_list(entry, experiment, data_root), folder)
        }

    test = listed('test_lists')
    kept_out = listed('kept_out') | test
    missing = sorted(kept_out - videos)
    if missing:
        raise InputError(
            f'{len(missing)} videos that are to be kept out of pre-training '
            f'are not below {folder}, {missing[0]} the first of them')
    # By a link, a video may have a second name.
    hidden = real_paths(folder, kept_out)
    allowed = sorted(
        path for path in videos - kept_out
        if real_path(osp.join(folder, path)) not in hidden)
    pretrain = _matching(experiment.get('trained_on', ''), allowed, folder)
    judged = kept_out - test if experiment.get('chooses') else (
        test or kept_out)
    if not judged:
        raise InputError('all videos that are kept out stand in test_lists, '
                         'so there is none left to choose by: name a '
                         'validation list in kept_out')
    _check_groups(experiment.get('groups'), sorted(judged))
    labeled = {
        name: _labeled(name, _list(name, experiment, data_root), folder,
                        set(pretrain))
        for name in {
            part.labels for part in experiment.methods if 'labels' in part
        }
    }
    selected = {
        part.trained_on: _matching(part.trained_on, allowed, folder)
        for part in experiment.methods if 'trained_on' in part
    }
    return Videos(
        osp.abspath(data_root), folder, pretrain, sorted(kept_out),
        sorted(judged), labeled, selected, _prepared(data_root))


def real_paths(folder: str, paths: Iterable[str]) -> Set[str]:
    """The files that paths in a folder lead to."""
    return {real_path(osp.join(folder, path)) for path in paths}


def real_path(path: str) -> str:
    """Where a file lies, of whose folder links are followed once."""
    folder, name = osp.split(path)
    path = osp.join(_real_folder(folder), name)
    return osp.realpath(path) if osp.islink(path) else path


@functools.lru_cache(maxsize=1 << 16)
def _real_folder(folder: str) -> str:
    return osp.realpath(folder)


def _check_groups(pattern: Optional[str], judged: Sequence[str]) -> None:
    """Refuse groups that tell nothing of how figures vary with the videos."""
    if pattern and not any(re.search(pattern, video) for video in judged):
        raise InputError(
            f'groups={pattern!r} matches nothing in the paths of the '
            f'{len(judged)} videos that are judged, such as {judged[0]}')
    if pattern and len(set(groups_of(judged, pattern, {}).split())) < 2:
        raise InputError(
            f'groups={pattern!r} makes one group of all {len(judged)} videos '
            'that are judged, so no interval can be computed: let it match '
            'something else in each recording, or leave it out')


def _matching(pattern: str, paths: Sequence[str], folder: str) -> List[str]:
    matching = [path for path in paths if re.search(pattern, path)]
    if not matching:
        raise InputError(f'all videos below {folder} are kept out of '
                         'pre-training' +
                         (f' or not like {pattern!r}' if pattern else ''))
    return matching


def _list(entry: Union[str, Dict[str, str]], experiment: Config,
          data_root: str) -> VideoList:
    """A list by its path, or by its path and ``matching``."""
    options = dict(ann_file=entry) if isinstance(entry, str) else dict(entry)
    return VideoList(
        **options,
        pipeline=[],
        data_root=osp.abspath(data_root),
        data_prefix=dict(video=experiment.videos))


def _labeled(name: str, dataset: VideoList, folder: str,
              allowed: Set[str]) -> List[str]:
    """Lines of the videos of a list that may be trained on."""
    lines = [
        f'{path} {info["label"]}'
        for path, info in zip(_paths(dataset, folder), infos_of(dataset))
        if path in allowed
    ]
    if not lines or any(line.endswith(' -1') for line in lines):
        raise InputError(f'{name}: to train with labels, a list needs a label '
                         'on each line, and videos that are not kept out')
    return lines


def infos_of(dataset: VideoList) -> List[dict]:
    """What a data set says of each of its videos."""
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def _paths(dataset: VideoList, folder: str) -> List[str]:
    return [
        osp.relpath(info['filename'], folder) for info in infos_of(dataset)
    ]


def _prepared(data_root: str) -> Dict[str, Any]:
    path = osp.join(data_root, 'transcode.json')
    if not osp.isfile(path):
        return {}
    with open(path) as file:
        return json.load(file)
