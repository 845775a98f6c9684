"""Features of the user's videos, by MMEngine's runner."""
import os.path as osp
from typing import Optional

from mmaction.registry import MODELS
from mmengine.config import Config

from ..datasets.video_folder import EXTENSIONS
from ..errors import InputError
from ..models.selfsup.base import SelfSupervisedRecognizer
from .types import is_a


def features_of(cfg: Config,
                videos: str,
                path: str,
                root: Optional[str] = None,
                allow_outside: bool = False) -> Config:
    """Make a config write the features of videos to a file.

    Args:
        cfg (Config): A config with a model that gives features and with a
            ``test_dataloader``, which determines the clips: one of
            ``retrieval/``, or that of :func:`read_features_config`. It is
            changed.
        videos (str): A folder, or a list file with one path and label per
            line.
        path (str): The ``.npz`` to write (:class:`FeatureFile`).
        root (str, optional): Folder that listed paths start from. Defaults to
            that of the list file.
        allow_outside (bool): Let listed paths be absolute or lead out of
            that folder. Defaults to False.

    Returns:
        Config: The same; ``test_evaluator.root`` is the folder that the
        names in the file start from.

    Raises:
        InputError: If the config gives no features, or there are no such
            videos.

    Examples:
        >>> from ascnet_mm.apis import build_runner, read_config
        >>> cfg = read_config(
        ...     'ascnet_mm::ascnet/retrieval/r18_ucf101.py',
        ...     dict(load_from='epoch_200.pth', work_dir='work'))
        >>> cfg = features_of(cfg, 'videos', 'features.npz')  # doctest: +SKIP
        >>> build_runner(cfg, ['test']).test()  # doctest: +SKIP
        {'features/videos': 2, 'features/unreadable': 0}
    """
    if not is_a(cfg.model, SelfSupervisedRecognizer,
                MODELS) or not cfg.get('test_dataloader'):
        raise InputError(
            f'{cfg.filename} gives no features: use a config of retrieval/')
    if osp.isdir(videos):
        root = videos
        dataset = dict(type='VideoFolder', data_root=root)
    elif not osp.isfile(videos) or videos.endswith(EXTENSIONS):
        raise InputError(
            f'{videos} is neither a folder nor a list file: put single '
            'videos into one')
    else:
        root = root or osp.dirname(videos)
        dataset = dict(
            type='VideoList',
            ann_file=videos,
            data_prefix=dict(video=root),
            allow_outside=allow_outside)
    pipeline = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset = dict(
        dataset, pipeline=pipeline, test_mode=True)
    cfg.test_evaluator = dict(type='FeatureFile', path=path, root=root or '.')
    return cfg
