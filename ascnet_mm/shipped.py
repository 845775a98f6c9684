"""The configs that are installed with the package."""
import os.path as osp

from .errors import InputError

PREFIX = 'ascnet_mm::'
CONFIGS = osp.join(osp.dirname(osp.abspath(__file__)), '.mim', 'configs')


def config_path(name: str) -> str:
    """Path of a config, or of one of the package's by MMEngine's notation.

    Args:
        name (str): A path, or ``'ascnet_mm::'`` and a path below
            ``configs/``.

    Raises:
        InputError: If there is no such file.

    Examples:
        >>> path = config_path('ascnet_mm::ascnet/r18_k400.py')
        >>> osp.basename(path)
        'r18_k400.py'
    """
    path = name
    if name.startswith(PREFIX):
        path = osp.realpath(osp.join(CONFIGS, name[len(PREFIX):]))
    if not osp.isfile(path):
        hint = ''
        if name.startswith('configs/'):
            hint = (f'; outside the repository: {PREFIX}'
                    f'{name[len("configs/"):]}')
        raise InputError(f'there is no config {name}{hint}')
    return path
