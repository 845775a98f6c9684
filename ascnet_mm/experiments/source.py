"""An experiment file and its videos."""
import itertools
import json
import os.path as osp
from typing import Any, Dict, List, NamedTuple

from mmengine.config import Config

from ..datasets import VideoFolder, VideoList
from ..errors import InputError
from .identity import slug

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


def read_experiment(path: str) -> Config:
    """Read an experiment file.

    Args:
        path (str): A config, with all of ``KEYS``.

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

    Args:
        experiment (Config): As :func:`read_experiment` returns it.
        data_root (str): Folder that its paths start from.

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
