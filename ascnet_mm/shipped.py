"""The configs that are installed with the package."""
import os.path as osp

from .errors import InputError

PREFIX = 'ascnet_mm::'
CONFIG_ENDINGS = ('.py', '.yml', '.yaml', '.json')  # MMEngine's
CONFIGS = osp.join(osp.dirname(osp.abspath(__file__)), '.mim', 'configs')


def config_path(name: str) -> str:
    """Path of a config, or of one of the package's by MMEngine's notation.

    Args:
        name (str): A path, or ``'ascnet_mm::'`` and a path below
            ``configs/``.

    Raises:
        InputError: If there is no such file, or it is no config.

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
    if not path.endswith(CONFIG_ENDINGS):
        raise InputError(f'{name} is no config, whose name ends in .py: a '
                         'config comes before its checkpoint')
    return path
